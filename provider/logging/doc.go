// Package logging lets no step of the walk wait for the reader of the log. A full pipe, a
// full disk or a reader that stopped would otherwise hold up every request that has
// something to log, and the end of the process.
//
// A [Queue] stands between the log and standard error. What it has no room for is dropped
// and counted: an answer in time is worth more than a line of log. It is our own, for
// what others have is bounded in records and not in bytes, overwrites without a word, or
// waits for the writer when it is closed.
package logging
