// ipx with a folder as its source, as its documentation has it.

import http from "node:http";
import { createIPX, createIPXNodeServer, ipxFSStorage } from "ipx";

const [port, , folder] = process.argv.slice(2);
const ipx = createIPX({ storage: ipxFSStorage({ dir: folder }) });
http.createServer(createIPXNodeServer(ipx)).listen(Number(port), "127.0.0.1");
