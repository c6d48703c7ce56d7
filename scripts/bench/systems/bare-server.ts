// The floor: what `node:http` itself costs, with no guest and no host around it.
import { createServer } from 'node:http';

const [, , workload] = process.argv;

const server = createServer((request, response) => {
  if (workload === 'echo') {
    request.pipe(response);
    return;
  }
  response.setHeader('content-type', 'text/plain');
  response.end('Hello from WebAssembly!\n');
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') {
    process.stdout.write(`http://127.0.0.1:${address.port}\n`);
  }
});
