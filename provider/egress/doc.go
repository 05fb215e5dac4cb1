// Package egress is how anything leaves the process: every connection that is made
// on behalf of a request (to a registry, a mirror, a token service, an OCSP
// responder, a CRL distribution point) is dialled, timed and bounded here. It is
// part of step 7 of the walk.
//
// What is dialled is named by users: by the image they write, by the registry they
// point it at, by the certificate they sign with. So an address inside the network
// is dialled only for hosts that the configuration names, and the check is made on
// the address that is really dialled, not on the name that was looked up before.
//
// Connections are kept for later requests. One that is dead, as after the failover of a
// load balancer, is found by HTTP/2 pings, or by its silence over HTTP/1.1, and what was
// sent on it is sent again on another: see Pool.
//
// What fails, or asks to be left alone, is held against the repository that was asked
// about, and against its host where a question of our own fails too: see Health.
//
// HTTPS_PROXY, HTTP_PROXY and NO_PROXY count. What goes through a proxy is dialled
// by the proxy, and where it may connect to is for its own rules to say. The proxy may
// have any address: the environment is the administrator's word.
package egress
