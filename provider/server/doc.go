// Package server opens the two listeners through which every request comes: one
// over mutual TLS for Gatekeeper, and a plain one for probes and metrics.
//
// # The mutual TLS listener
//
// TLS 1.3 only. A client certificate must come from the [ClientCA], allow client
// authentication, and have one of the configured names as DNS or URI subject
// alternative name, exactly. Common names and wildcards do not count. All of
// this is checked in the handshake and again for each request, against the
// client CA and the clock of that moment: Gatekeeper keeps its connections, so
// one made under a CA that was since removed, or with a certificate that has
// since expired, would otherwise stay good for ever.
//
// Clients without a valid certificate cost little. In a handshake the number of certificates,
// the leaf's names and usage, and its issuer's name are checked first. Then the chain is
// verified, a few chains at a time, from the client CA down, so that no signature is ever
// verified with a key that is not trusted. Until then a client may send 16 KiB.
//
// At most 256 connections have made no request, and at most 1024 there are in all; at the
// admin listener, 64. When there is one too many, one is closed: of the address that has most,
// the oldest that has made no request, or the one that is idle for longest. A connection
// whose request is being answered is never closed for another.
//
// # Reloading
//
// [Identity] and [ClientCA] are two reload sources, so that a broken serving
// certificate does not keep a removed client CA in force. Each holds its state behind
// an atomic pointer: a new version is in force with the next handshake or request, and
// no request is dropped. A broken version changes nothing.
//
// # The end
//
// [Server.Run] ends in this order, so that no client connects in vain: report not
// ready, wait until Kubernetes has seen that, stop accepting, finish the requests in
// flight, cut off those that take too long, close the admin listener last. No goroutine
// outlives it.
package server
