#!/usr/bin/env bash
# Expected: with Predictor 2 each sample of a TIFF is the difference to the one before; samples of 16 bits are
# subtracted and added as numbers of 16 bits (TIFF 6.0, section 14, as tifffile reads it).
# Instead: Apache Commons Imaging 1.0.0-alpha6 adds high and low bytes apart and loses every carry, without an error: a
# ramp from black to white in 1,024 steps comes out black from end to end. Without the predictor, and in 8 bits, it is
# right.
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
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.DeflaterOutputStream;
import org.apache.commons.imaging.Imaging;

public class Probe {
    static final int WIDTH = 1024;

    /** A greyscale TIFF of one row, little-endian and deflated: a ramp from black to nearly white. */
    static byte[] file(int bits, int predictor) throws Exception {
        ByteBuffer row = ByteBuffer.allocate(WIDTH * bits / 8).order(ByteOrder.LITTLE_ENDIAN);
        for (int x = 0; x < WIDTH; x++) {
            int sample = x << bits >> 10;
            int value = predictor == 2 && x > 0 ? sample - (x - 1 << bits >> 10) : sample;
            if (bits == 16) row.putShort((short) value);
            else row.put((byte) value);
        }
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (DeflaterOutputStream out = new DeflaterOutputStream(packed)) {
            out.write(row.array());
        }
        int[][] entries = {
            {256, WIDTH}, {257, 1}, {258, bits}, {259, 8}, {262, 1}, {273, 8}, {277, 1}, {278, 1}, {279, packed.size()},
            {317, predictor},
        };
        int directory = 8 + packed.size() + packed.size() % 2;
        ByteBuffer file = ByteBuffer.allocate(directory + 2 + 12 * entries.length + 4).order(ByteOrder.LITTLE_ENDIAN);
        file.put(new byte[] {'I', 'I', 42, 0}).putInt(directory).put(packed.toByteArray()).position(directory);
        file.putShort((short) entries.length);
        for (int[] entry : entries) file.putShort((short) entry[0]).putShort((short) 3).putInt(1).putInt(entry[1]);
        return file.putInt(0).array();
    }

    public static void main(String[] arguments) throws Exception {
        boolean same = true;
        for (int bits : new int[] {8, 16}) {
            for (int predictor : new int[] {1, 2}) {
                BufferedImage picture = Imaging.getBufferedImage(file(bits, predictor));
                StringBuilder seen = new StringBuilder();
                for (int x = 0; x < WIDTH; x += 256) seen.append(picture.getRGB(x, 0) & 255).append(' ');
                seen.append(picture.getRGB(WIDTH - 1, 0) & 255);
                System.out.printf("%d bits, predictor %d: Commons Imaging 1.0.0-alpha6 %s%n", bits, predictor, seen);
                same &= seen.toString().equals(bits == 16 && predictor == 2 ? "0 0 0 0 0" : "0 64 128 192 255");
            }
        }
        System.exit(same ? 0 : 1);
    }
}
JAVA
java -cp "$folder/*" Probe.java
