// Package logging has what log/slog lacks here. It adds a request id on each line, bounds on what
// one image may add to the log, and a queue.
//
// No request may wait for the reader of the log. A full pipe, a full disk or a reader that stopped
// would otherwise hold up every request that logs, and the end of the process. So a [Queue] stands
// between the log and standard error. It drops and counts the lines that it has no room for: an
// answer in time is worth more than a line of log. It is our own. The libraries are bounded in
// records and not in bytes, overwrite lines silently, or wait for the writer when they are closed.
package logging
