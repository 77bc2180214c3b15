-- Prints what run.py reads: one line of JSON for the whole run.
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'SUMMARY {"requests":%d,"seconds":%.4f,"p50":%.3f,"p99":%.3f,"max":%.3f,"bytes":%d,"status_errors":%d,"socket_errors":%d}\n',
    summary.requests, summary.duration / 1e6,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000, summary.bytes,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
