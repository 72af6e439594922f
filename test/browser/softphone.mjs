// A phone in a browser: a page with JsSIP (softphone-page.js), in a window of its own.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

const require = createRequire(new URL('../../web/package.json', import.meta.url));
const { build } = await import(pathToFileURL(require.resolve('vite')).href);

/** JsSIP and the page's part in one script. */
async function bundle() {
  const made = await build({
    configFile: false,
    logLevel: 'error',
    root: fileURLToPath(new URL('.', import.meta.url)),
    resolve: { alias: { jssip: require.resolve('jssip') } },
    build: {
      write: false,
      minify: false,
      lib: { entry: fileURLToPath(new URL('softphone-page.js', import.meta.url)), name: 'softphone', formats: ['iife'] },
    },
  });
  return [made].flat()[0].output[0].code;
}

/** Serves the page: microphones are given only to pages that come from somewhere. */
export async function serve() {
  const script = await bundle();
  const server = createServer((request, response) => {
    const page = request.url === '/';
    response.setHeader('Content-Type', page ? 'text/html' : 'text/javascript');
    response.end(page ? '<!doctype html><title>softphone</title><script src="softphone.js"></script>' : script);
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

export class Softphone {
  #window;
  #page;

  /** `about`: number, password, server (wss://...), expires. */
  static async open(browser, url, about) {
    const phone = new Softphone();
    phone.#window = await browser.newContext({ ignoreHTTPSErrors: true });
    phone.#page = await phone.#window.newPage();
    await phone.#page.goto(url);
    await phone.#page.evaluate((given) => (window.phone = new window.softphone.Phone(given)), { expires: 300, ...about });
    await phone.do('start');
    return phone;
  }

  /** A method of the page's phone. */
  do(name, ...words) {
    return this.#page.evaluate(([method, given]) => window.phone[method](...given), [name, words]);
  }

  /** A method of its call. */
  say(name, ...words) {
    return this.#page.evaluate(([method, given]) => void window.phone.session[method](...given), [name, words]);
  }

  next(what) {
    return this.do('next', what);
  }

  /** What the browser describes of itself in its call. */
  description() {
    return this.#page.evaluate(() => window.phone.session.connection.localDescription.sdp);
  }

  /** With its registration, where it has one and is connected. */
  async close() {
    await this.do('leave');
    await this.#window.close();
  }
}
