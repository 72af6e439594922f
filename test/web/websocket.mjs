// The server's half of a WebSocket (RFC 6455), as much of it as the development server needs: text, ping, close.
import { createHash } from 'node:crypto';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'; // RFC 6455, 1.3
const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

function frame(opcode, payload) {
  const length = payload.length;
  const head = length < 126 ? [length] : length < 65536 ? [126, length >> 8, length & 255] : null;
  if (head) return Buffer.concat([Buffer.from([0x80 | opcode, ...head]), payload]);
  const long = Buffer.alloc(10);
  long[0] = 0x80 | opcode;
  long[1] = 127;
  long.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([long, payload]);
}

/** The first frame in `bytes`, or null while it is not complete. Frames of a client are masked and here never split. */
function readFrame(bytes) {
  if (bytes.length < 6) return null;
  const opcode = bytes[0] & 15;
  let length = bytes[1] & 127;
  let at = 2;
  if (length === 126) {
    length = bytes.readUInt16BE(2);
    at = 4;
  } else if (length === 127) {
    throw new Error('too long');
  }
  if (bytes.length < at + 4 + length) return null;
  const mask = bytes.subarray(at, at + 4);
  const payload = Buffer.from(bytes.subarray(at + 4, at + 4 + length));
  for (let index = 0; index < length; index += 1) payload[index] ^= mask[index & 3];
  return { opcode, payload, rest: bytes.subarray(at + 4 + length) };
}

/** Answers an upgrade; `handlers` are message(text) and closed(). */
export function acceptWebSocket(request, socket, protocol, handlers) {
  const accept = createHash('sha1').update(request.headers['sec-websocket-key'] + GUID).digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n` +
      `Sec-WebSocket-Protocol: ${protocol}\r\n\r\n`,
  );
  let bytes = Buffer.alloc(0);
  let open = true;
  const send = (opcode, payload) => open && socket.write(frame(opcode, payload));
  const ping = setInterval(() => send(PING, Buffer.alloc(0)), 10000);
  const end = () => {
    if (!open) return;
    open = false;
    clearInterval(ping);
    socket.end();
    handlers.closed();
  };
  socket.on('close', end).on('error', end);
  socket.on('data', (data) => {
    bytes = Buffer.concat([bytes, data]);
    for (let next = readFrame(bytes); next; next = readFrame(bytes)) {
      bytes = next.rest;
      if (next.opcode === TEXT) handlers.message(next.payload.toString());
      else if (next.opcode === PING) send(PONG, next.payload);
      else if (next.opcode === CLOSE) return end();
    }
  });
  return {
    send: (value) => send(TEXT, Buffer.from(JSON.stringify(value))),
    close(code) {
      const payload = Buffer.alloc(2);
      payload.writeUInt16BE(code);
      send(CLOSE, payload);
      end();
    },
  };
}
