// The near end of stage.py: each method of that one is a method here, which gives a promise.
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';

export class Stage {
  #socket = new Socket({ fd: Number(process.env.STAGE) });
  #waiting = [];

  constructor() {
    createInterface({ input: this.#socket }).on('line', (line) => {
      const answer = JSON.parse(line);
      const { done, fail } = this.#waiting.shift();
      if (answer.error === undefined) done(answer.ok);
      else fail(new Error(answer.error));
    });
    return new Proxy(this, {
      get: (target, name) => {
        if (name === 'then') return undefined;
        if (name === 'close') return () => target.#socket.destroy();
        return (...words) =>
          new Promise((done, fail) => {
            target.#waiting.push({ done, fail });
            target.#socket.write(`${JSON.stringify([name, ...words])}\n`);
          });
      },
    });
  }
}
