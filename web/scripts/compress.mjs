// Writes a .gz sibling for every file over 1 KB that gets smaller, so that the gateway never compresses at run time.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gzipSync, constants } from 'node:zlib';

const LIMIT_BYTES = 120 * 1024; // WS-2: script before the first view
const root = process.argv[2] ?? 'dist';

function* files(folder) {
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* files(path);
    else if (!name.endsWith('.gz')) yield path;
  }
}

let script = 0;
for (const path of files(root)) {
  const plain = readFileSync(path);
  if (plain.length <= 1024) continue;
  const packed = gzipSync(plain, { level: constants.Z_BEST_COMPRESSION });
  if (packed.length >= plain.length) continue;
  writeFileSync(`${path}.gz`, packed);
  if (path.endsWith('.js')) script += packed.length;
  console.log(`${relative(root, path)}  ${plain.length} -> ${packed.length}`);
}
console.log(`script, compressed: ${script} bytes`);
if (script > LIMIT_BYTES) {
  console.error(`error: more than ${LIMIT_BYTES} bytes of compressed script`);
  process.exit(1);
}
