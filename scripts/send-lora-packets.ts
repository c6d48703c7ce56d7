// Speaks as the packet forwarder of a LoRa gateway does, to try functions such as gateway-poll.
//
//   node scripts/send-lora-packets.ts --to 127.0.0.1:1700 [--count 10] [--interval 100] [--eui HEX] [--patience 10000]
//
//   --to HOST:PORT  where the server listens
//   --count N       packets to send, one in each PUSH_DATA (default 10)
//   --interval MS   between two of them (default 100)
//   --eui HEX       the gateway's EUI-64 (default aa555a0000000101)
//   --patience MS   how long to wait for the server to be there, and for the last acknowledgement (default 10000)
//
// Sends PULL_DATA until it is acknowledged, so that it may be started before the server, and then the packets.
// The datagrams are those of "Basic communication protocol between Lora gateway and server", version 2:
// https://github.com/Lora-net/packet_forwarder/blob/master/PROTOCOL.TXT (sections 3.2, 3.3, 4, 5.2 and 5.3).
// Prints one line of JSON: {"sent","acknowledged","pulls"}. Exit: 0 all acknowledged, 1 not, 2 wrong usage.
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const VERSION = 2;
const PUSH_DATA = 0;
const PUSH_ACK = 1;
const PULL_DATA = 2;
const PULL_ACK = 4;

/** ms between two attempts to find the server. */
const KNOCK_MS = 50;

interface Options {
  readonly host: string;
  readonly port: number;
  readonly count: number;
  readonly interval: number;
  readonly eui: Buffer;
  readonly patience: number;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      to: { type: 'string' },
      count: { type: 'string', default: '10' },
      interval: { type: 'string', default: '100' },
      eui: { type: 'string', default: 'aa555a0000000101' },
      patience: { type: 'string', default: '10000' },
    },
  });
  const [, host, port] = /^(?:\[?)([^\]]+?)(?:\]?):(\d{1,5})$/.exec(values.to ?? '') ?? [];
  if (host === undefined || port === undefined)
    throw new TypeError('--to needs HOST:PORT, e.g. 127.0.0.1:1700');
  if (!/^[0-9a-f]{16}$/i.test(values.eui))
    throw new TypeError('--eui needs 16 hexadecimal digits, e.g. aa555a0000000101');
  const number = (name: 'count' | 'interval' | 'patience') => {
    if (!/^\d{1,9}$/.test(values[name])) throw new TypeError(`--${name} needs a whole number`);
    return Number(values[name]);
  };
  return {
    host,
    port: Number(port),
    count: number('count'),
    interval: number('interval'),
    eui: Buffer.from(values.eui, 'hex'),
    patience: number('patience'),
  };
}

/** One received packet as section 4 describes it, here of an imaginary temperature sensor. */
function receivedPacket(index: number): Readonly<Record<string, unknown>> {
  const payload = Buffer.alloc(4);
  payload.writeUInt16BE(index & 0xff_ff);
  payload.writeInt16BE(Math.round(200 + 50 * Math.sin(index)), 2);
  return {
    time: new Date().toISOString(),
    tmst: Number((process.hrtime.bigint() / 1000n) & 0xff_ff_ff_ffn),
    chan: index % 8,
    rfch: 0,
    freq: 868.1 + (index % 3) * 0.2,
    stat: 1,
    modu: 'LORA',
    datr: 'SF7BW125',
    codr: '4/5',
    rssi: -35 - (index % 60),
    lsnr: 5.1,
    size: payload.length,
    data: payload.toString('base64'),
  };
}

/** Sends datagrams and remembers, by their token, which were acknowledged. */
class Forwarder {
  readonly #socket: Socket;
  readonly #options: Options;
  readonly #open = new Map<number, number>();
  acknowledged = 0;
  #wake: () => void = () => {};

  constructor(socket: Socket, options: Options) {
    this.#socket = socket;
    this.#options = options;
    socket.on('message', (datagram) => this.#received(datagram));
    // ICMP: the server is not there yet, which the missing acknowledgement says as well.
    socket.on('error', () => {});
  }

  send(kind: number, body: string): void {
    const { eui, port, host } = this.#options;
    const token = randomBytes(2);
    this.#open.set(token.readUInt16BE(), kind === PUSH_DATA ? PUSH_ACK : PULL_ACK);
    this.#socket.send(
      Buffer.concat([Buffer.of(VERSION, ...token, kind), eui, Buffer.from(body)]),
      port,
      host,
    );
  }

  /** Waits until so many were acknowledged, or so long; says whether they were. */
  async until(count: number, ms: number): Promise<boolean> {
    const cancel = new AbortController();
    const late = sleep(ms, false, { signal: cancel.signal }).catch(() => false);
    while (this.acknowledged < count) {
      const woken = new Promise<true>((resolve) => (this.#wake = () => resolve(true)));
      if (!(await Promise.race([woken, late]))) return false;
    }
    cancel.abort();
    return true;
  }

  #received(datagram: Buffer): void {
    if (datagram.length < 4 || datagram[0] !== VERSION) return;
    const token = datagram.readUInt16BE(1);
    if (this.#open.get(token) !== datagram[3]) return;
    this.#open.delete(token);
    this.acknowledged += 1;
    this.#wake();
  }
}

async function main(options: Options): Promise<number> {
  const socket = createSocket(options.host.includes(':') ? 'udp6' : 'udp4');
  const forwarder = new Forwarder(socket, options);
  let pulls = 0;
  let sent = 0;
  const deadline = performance.now() + options.patience;
  let found = false;
  while (!found && performance.now() < deadline) {
    forwarder.send(PULL_DATA, '');
    pulls += 1;
    found = await forwarder.until(1, KNOCK_MS);
  }
  // Late answers to earlier knocks are no answers to packets.
  const before = forwarder.acknowledged;
  const count = found ? options.count : 0;
  for (; sent < count; sent += 1) {
    if (sent > 0) await sleep(options.interval);
    forwarder.send(PUSH_DATA, JSON.stringify({ rxpk: [receivedPacket(sent)] }));
  }
  const all = found && (await forwarder.until(before + sent, options.patience));
  socket.close();
  const acknowledged = Math.max(0, forwarder.acknowledged - before);
  process.stdout.write(`${JSON.stringify({ sent, acknowledged, pulls })}\n`);
  return all ? 0 : 1;
}

let options: Options;
try {
  options = readOptions();
} catch (thrown) {
  process.stderr.write(`send-lora-packets: ${(thrown as Error).message}\n`);
  process.exit(2);
}
process.exitCode = await main(options);
