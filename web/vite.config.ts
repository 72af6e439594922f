import { defineConfig } from 'vitest/config';

// The gateway sends `default-src 'self'`: nothing may be inlined, neither small pictures nor the module preload helper.
export default defineConfig({
  base: './',
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  build: {
    target: 'es2022',
    outDir: 'dist',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: {
    host: '127.0.0.1',
    proxy: { '/api': { target: process.env['TANDEM_URL'] ?? 'http://127.0.0.1:8480', ws: true, secure: false } },
  },
  test: { include: ['src/**/*.test.{ts,mjs}'], environment: 'node' },
});
