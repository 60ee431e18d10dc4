#!/usr/bin/env bash
# Expected: in a PBM 1 is black and 0 is white, in the plain kind (P1) as in the raw one (P4), and in the plain kind
# white space between the digits may be left out (Netpbm's documentation of the format).
# Instead: Apache Commons Imaging 1.0.0-alpha6 reads plain ones as their negative, those too that it wrote itself, and
# refuses digits that touch. Raw ones are right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for package in org.apache.commons:commons-imaging:1.0.0-alpha6 commons-io:commons-io:2.19.0 \
  org.apache.commons:commons-lang3:3.17.0; do
  mvn --quiet --batch-mode dependency:copy -Dartifact=$package -DoutputDirectory="$folder" >mvn.log
done

cat > Probe.java <<'JAVA'
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import org.apache.commons.imaging.ImageFormats;
import org.apache.commons.imaging.Imaging;
import org.apache.commons.imaging.ImagingException;
import org.apache.commons.imaging.formats.pnm.PnmImageParser;
import org.apache.commons.imaging.formats.pnm.PnmImagingParameters;

public class Probe {
    static String seen(byte[] data) throws Exception {
        try {
            BufferedImage picture = Imaging.getBufferedImage(data);
            StringBuilder out = new StringBuilder();
            for (int x = 0; x < 4; x++) out.append((picture.getRGB(x, 0) & 255) == 0 ? "black " : "white ");
            return out.toString().strip();
        } catch (ImagingException error) {
            return error.getMessage();
        }
    }

    /** Four pixels, the first of them black, as a plain PBM of this library. */
    static byte[] written() throws Exception {
        BufferedImage picture = new BufferedImage(4, 1, BufferedImage.TYPE_INT_RGB);
        for (int x = 1; x < 4; x++) picture.setRGB(x, 0, 0xffffff);
        PnmImagingParameters parameters = new PnmImagingParameters();
        parameters.setSubtype(ImageFormats.PBM);
        parameters.setRawBits(false);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        new PnmImageParser().writeImage(picture, out, parameters);
        return out.toByteArray();
    }

    public static void main(String[] arguments) throws Exception {
        byte[] raw = {'P', '4', '\n', '4', ' ', '1', '\n', (byte) 0x80};
        String[] seen = {
            seen(raw), seen("P1\n4 1\n1 0 0 0\n".getBytes()), seen(written()), seen("P1\n4 1\n1000\n".getBytes()),
        };
        System.out.println("one black, three white: Commons Imaging 1.0.0-alpha6 reads raw " + seen[0]);
        System.out.println("plain " + seen[1] + "; its own plain one " + seen[2] + "; without spaces: " + seen[3]);
        boolean same = seen[0].equals("black white white white") && seen[1].equals("white black black black");
        System.exit(same && seen[2].equals(seen[1]) && seen[3].equals("PBM: bad bit: 1000") ? 0 : 1);
    }
}
JAVA
java -cp "$folder/*" Probe.java
