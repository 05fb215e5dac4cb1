// Package valkey keeps evidence in Valkey or Redis, which all replicas share: a server
// alone, one that Sentinel chooses, or a Cluster. It is an evidence.Storage, so it stands
// behind evidence.Durable, which does not wait for it, and nothing in it is believed.
//
// The client is go-redis. It reads each reply in the goroutine that asked, while valkey-go,
// which adds 2 MB less to the program, reads in one of its own and ends the process there
// when a server sends a reply that was not asked for. Sentinels and Cluster slots are asked
// here and not by go-redis: its own goroutines take what they are told at its word.
//
// The server may be hostile: each reply is bounded before the client makes
// room for it (see replies), only configured addresses and networks are dialled, and the
// server's own words do not reach the log.
package valkey
