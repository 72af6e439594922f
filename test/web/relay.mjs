// A door between browser and server that can be shut: connections end, new ones are refused. Works for any server, with TLS or without.
import { connect, createServer } from 'node:net';

export class Relay {
  #target;
  #server = null;
  #port = 0;
  #sockets = new Set();

  constructor(target) {
    this.#target = target;
  }

  /** The address to use in place of the target's. */
  get url() {
    return `${this.#target.protocol}//127.0.0.1:${this.#port}/`;
  }

  open() {
    const { hostname, port, protocol } = this.#target;
    this.#server = createServer((near) => {
      const far = connect(Number(port) || (protocol === 'https:' ? 443 : 80), hostname);
      for (const [one, other] of [[near, far], [far, near]]) {
        this.#sockets.add(one);
        one.on('error', () => other.destroy()).on('close', () => (other.destroy(), this.#sockets.delete(one)));
        one.pipe(other);
      }
    });
    return new Promise((done) => {
      this.#server.listen(this.#port, '127.0.0.1', () => {
        this.#port = this.#server.address().port;
        done();
      });
    });
  }

  shut() {
    const closed = new Promise((done) => this.#server.close(done));
    for (const socket of this.#sockets) socket.destroy();
    return closed;
  }
}
