-- The request to send comes in the environment, the report goes out as one line of JSON: what wrk
-- prints by itself is rounded, and meant for people.
wrk.method = os.getenv("BENCH_METHOD")
local file = os.getenv("BENCH_BODY_FILE")
if file then
  local opened = assert(io.open(file, "rb"))
  wrk.body = opened:read("*a")
  opened:close()
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"microseconds":%d,"bytes":%d,"p50":%d,"p99":%d,' ..
    '"status":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d}\n',
    summary.requests, summary.duration, summary.bytes,
    latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect, errors.read, errors.write, errors.timeout))
end
