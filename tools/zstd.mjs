// Compress a file with Zstandard as far as it goes: it looks back over a whole archive, where gzip sees 32 KB.
//
//   node zstd.mjs FROM TO
import { readFileSync, writeFileSync } from "node:fs";
import { constants, zstdCompressSync } from "node:zlib";

const [from, to] = process.argv.slice(2);
const params = { [constants.ZSTD_c_compressionLevel]: 22, [constants.ZSTD_c_windowLog]: 23 };
writeFileSync(to, zstdCompressSync(readFileSync(from), { params }));
