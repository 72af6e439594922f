// Development tool: serves web/dist and speaks the gateway's contract with made-up, moving data. Not part of the product.
//   node test/web/dev-server.mjs [--port 8480, 0 for any] [--devices 120] [--empty] [--quiet]
// Log in as supervisor / tandem. The sixth wrong password within a minute is answered 429.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { MadeUp } from './made-up.mjs';
import { traced } from './made-up-trace.mjs';
import { MadeUpConfig } from './made-up-config.mjs';
import { acceptWebSocket } from './websocket.mjs';

const { values: options } = parseArgs({
  options: {
    port: { type: 'string', default: '8480' },
    devices: { type: 'string', default: '120' },
    empty: { type: 'boolean', default: false },
    quiet: { type: 'boolean', default: false },
  },
});
const DIST = fileURLToPath(new URL('../../web/dist/', import.meta.url));
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const USER = { user: 'supervisor', name: 'Supervisor', role: 'administrator' };
const PASSWORD = 'tandem';
const STEP_MS = 250;
const STARTED = String(Date.now() * 1000);

const world = new MadeUp({ devices: Number(options.devices), empty: options.empty });
const config = new MadeUpConfig({ empty: options.empty });
const sessions = new Map();
let failures = [];

const sessionOf = (request) => /tandem_session=(\w+)/.exec(request.headers.cookie ?? '')?.[1] ?? '';

function answer(response, status, body, headers = {}) {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...headers });
  response.end(body === undefined ? '' : JSON.stringify(body));
}

function refuse(response, status, code, symbol, sentence) {
  answer(response, status, { error: { code, symbol, sentence } });
}

async function bodyOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString() || '{}');
}

async function login(request, response) {
  failures = failures.filter((at) => at > Date.now() - 60000);
  if (failures.length >= 5) return refuse(response, 429, 178, 'TOO_MANY_ATTEMPTS', 'Too many attempts; wait a minute.');
  const { user, password } = await bodyOf(request);
  if (user !== USER.user || password !== PASSWORD) {
    failures.push(Date.now());
    return refuse(response, 401, 177, 'LOGIN_FAILED', 'The user name or the password is wrong.');
  }
  const id = randomBytes(16).toString('hex');
  sessions.set(id, new Set());
  // Secure is left out: this server has no TLS.
  return answer(response, 200, USER, { 'Set-Cookie': `tandem_session=${id}; HttpOnly; SameSite=Strict; Path=/` });
}

function logout(request, response) {
  const id = sessionOf(request);
  for (const socket of sessions.get(id) ?? []) {
    socket.send({ bye: { reason: 'logged_out' } });
    socket.close(4401);
  }
  sessions.delete(id);
  answer(response, 204);
}

function status(response) {
  const names = { proxy: 2, node: 2, session: 1, stat: 1, history: 1, config: 1, control: 1 };
  const instances = Object.entries(names).flatMap(([role, count]) =>
    Array.from({ length: count }, (_, index) => ({ role, name: `${role}-${index + 1}`, health: role === 'node' && index === 1 ? 'degraded' : 'ok', location: 'home', member: `host-${1 + (index % 2)}`, since: STARTED, ...(role === 'node' && index === 1 && { why: 'alone' }), ...(role === 'proxy' && { listen: ['udp:127.0.0.1:5060'] }) })),
  );
  answer(response, 200, { version: '0.1.0', location: 'home', instances });
}

function history(url, response) {
  const query = url.searchParams;
  const page = world.page({ limit: Number(query.get('limit') ?? 50), before: query.get('before'), dn: query.get('dn') ?? '' });
  answer(response, 200, page);
}

/** Somebody who guesses secrets. */
function banned() {
  const until = String((Date.now() + 240_000) * 1000);
  return { network: '198.51.100.23/32', by: 'program', until, times: 2, why: 'wrong credentials' };
}

function registrations(url, response) {
  const wanted = (url.searchParams.get('q') ?? '').toLowerCase();
  const rows = ['1001', '1002', '1003'].map((dn) => ({
    dn,
    contact: `sip:${dn}@192.0.2.17:5060`,
    proxy: 'proxy-1',
    transport: 'udp',
    address: '192.0.2.17:5060',
    registered_at: String(Date.now() * 1000),
    expires_at: String((Date.now() + 300000) * 1000),
    q: 1000,
    user_agent: 'Desk Phone 7',
  }));
  const found = rows.filter((row) => `${row.dn} ${row.contact} ${row.user_agent}`.toLowerCase().includes(wanted));
  answer(response, 200, { location: 'home', count: rows.length, registrations: found, next: null });
}

async function api(request, response, url) {
  const name = url.pathname.slice('/api/'.length);
  if (request.method !== 'GET' && request.headers['x-tandem-request'] !== '1')
    return refuse(response, 403, 179, 'REQUEST_FORGED', 'The header X-Tandem-Request is missing.');
  if (name === 'login') return login(request, response);
  if (!sessions.has(sessionOf(request))) return refuse(response, 401, 176, 'NOT_LOGGED_IN', 'Log in first.');
  if (name === 'logout') return logout(request, response);
  if (name === 'me') return answer(response, 200, USER);
  if (name === 'status') return status(response);
  if (name === 'history') return history(url, response);
  if (name.startsWith('trace/')) return answer(response, 200, traced(name, url.searchParams));
  if (name === 'registrations') return registrations(url, response);
  if (name === 'bans') return answer(response, 200, { bans: [banned()], numbers: [] });
  const made = config.answer(request.method, name, url.searchParams, request.method === 'POST' ? await bodyOf(request) : null);
  if (made) return answer(response, ...made);
  return refuse(response, 404, 4, 'NOT_FOUND', 'There is nothing at this address.');
}

function file(request, response, url) {
  const path = normalize(join(DIST, url.pathname === '/' ? 'index.html' : url.pathname));
  if (!path.startsWith(DIST) || !existsSync(path) || !statSync(path).isFile()) return refuse(response, 404, 4, 'NOT_FOUND', 'No such file.');
  const packed = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '') && existsSync(`${path}.gz`);
  response.writeHead(200, {
    'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream',
    'Content-Security-Policy': "default-src 'self'",
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': url.pathname.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    ...(packed && { 'Content-Encoding': 'gzip' }),
  });
  response.end(readFileSync(packed ? `${path}.gz` : path));
}

function hello(socket, client, { resume }) {
  const missed = world.since(resume);
  world.listeners.delete(client.listener);
  if (missed) {
    socket.send({ resumed: { epoch: world.epoch, number: resume.number } });
    for (const changes of missed) socket.send({ changes });
  } else {
    socket.send({ snapshot: world.snapshot() });
  }
  world.listeners.add(client.listener);
}

const server = createServer((request, response) => {
  const url = new URL(request.url, 'http://localhost');
  if (url.pathname.startsWith('/api/')) void api(request, response, url);
  else file(request, response, url);
});

server.on('upgrade', (request, raw) => {
  const id = sessionOf(request);
  const sockets = sessions.get(id);
  if (request.url !== '/api/ws' || !sockets) return raw.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  const client = { listener: (changes) => socket.send({ changes }) };
  const socket = acceptWebSocket(request, raw, 'tandem.v1', {
    message(text) {
      const message = JSON.parse(text);
      if (message.hello) hello(socket, client, message.hello);
    },
    closed() {
      world.listeners.delete(client.listener);
      sockets.delete(socket);
    },
  });
  sockets.add(socket);
});

setInterval(() => world.step(), STEP_MS);
server.listen(Number(options.port), '127.0.0.1', () => {
  if (!options.quiet) console.log(`http://127.0.0.1:${server.address().port}/  ${USER.user} / ${PASSWORD}`);
});
