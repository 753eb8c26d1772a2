// The program that `lab up` leaves running: the proxy for apt. Its options come as one JSON argument.
import { type AptProxyOptions, startAptProxy } from './apt-proxy.ts';

await startAptProxy(JSON.parse(process.argv[2] ?? '') as AptProxyOptions);
