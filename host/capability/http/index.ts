import { httpP2, httpP2Blocking, httpP3 } from '../../wasi/http/index.ts';
import { always, type Capability, granted } from '../capability.ts';
import { typesP3 } from './links-p3.ts';
import { OutgoingTransport } from './transport.ts';

interface Configured extends Disposable {
  /** Absent where nothing may be sent. */
  readonly transport: OutgoingTransport | undefined;
}

/** wasi:http: messages for everybody, sending requests on grant and only to the origins granted. */
export const http: Capability<Configured> = {
  name: 'http',
  links: [
    {
      interface: 'wasi:http/types',
      version: '0.2.0',
      functions: always(
        '[constructor]fields',
        '[static]fields.from-list',
        '[method]fields.get',
        '[method]fields.has',
        '[method]fields.set',
        '[method]fields.delete',
        '[method]fields.append',
        '[method]fields.entries',
        '[method]fields.clone',
        '[method]incoming-request.method',
        '[method]incoming-request.path-with-query',
        '[method]incoming-request.scheme',
        '[method]incoming-request.authority',
        '[method]incoming-request.headers',
        '[method]incoming-request.consume',
        '[constructor]outgoing-request',
        '[method]outgoing-request.body',
        '[method]outgoing-request.method',
        '[method]outgoing-request.set-method',
        '[method]outgoing-request.path-with-query',
        '[method]outgoing-request.set-path-with-query',
        '[method]outgoing-request.scheme',
        '[method]outgoing-request.set-scheme',
        '[method]outgoing-request.authority',
        '[method]outgoing-request.set-authority',
        '[method]outgoing-request.headers',
        '[constructor]request-options',
        '[method]request-options.connect-timeout',
        '[method]request-options.set-connect-timeout',
        '[method]request-options.first-byte-timeout',
        '[method]request-options.set-first-byte-timeout',
        '[method]request-options.between-bytes-timeout',
        '[method]request-options.set-between-bytes-timeout',
        '[method]response-outparam.send-informational',
        '[static]response-outparam.set',
        '[method]incoming-response.status',
        '[method]incoming-response.headers',
        '[method]incoming-response.consume',
        '[method]incoming-body.stream',
        '[static]incoming-body.finish',
        '[method]future-trailers.subscribe',
        '[method]future-trailers.get',
        '[constructor]outgoing-response',
        '[method]outgoing-response.status-code',
        '[method]outgoing-response.set-status-code',
        '[method]outgoing-response.headers',
        '[method]outgoing-response.body',
        '[method]outgoing-body.write',
        '[static]outgoing-body.finish',
        '[method]future-incoming-response.subscribe',
        '[method]future-incoming-response.get',
        'http-error-code',
      ),
    },
    {
      interface: 'wasi:http/outgoing-handler',
      version: '0.2.0',
      functions: granted('handle'),
      grant: {
        line: 'http = ["https://api.example.com"]',
        flag: '--allow-http https://api.example.com',
      },
    },
    typesP3,
  ],
  blocking: httpP2Blocking,
  granted: (grants, name) => name !== 'wasi:http/outgoing-handler' || grants.http.length > 0,
  async configure(grants, limits, environment) {
    const transport =
      grants.http.length > 0 ? new OutgoingTransport(grants.http, limits, environment) : undefined;
    return { transport, [Symbol.dispose]: () => transport?.[Symbol.dispose]() };
  },
  prepare: ({ transport }, { instance, subrequests }) => ({
    ...httpP2(instance, {
      transport: transport?.forInstance((reason) =>
        instance.denied({ capability: 'http', ...reason }),
      ),
      budget: subrequests,
    }),
    ...httpP3(instance),
  }),
};
