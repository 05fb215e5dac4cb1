// Package egress makes every connection that leaves the process for a request: to a
// registry, a mirror, a token service, an OCSP responder or a CRL distribution point. It
// guards, times and bounds them. It is part of step 7 of a request's life.
//
// Users choose which hosts are dialled: by the image, by the redirects of its registry, by
// the URLs in a certificate. So an address inside the network is dialled only for hosts
// that the configuration names. The guard checks the address that is really dialled, and
// not a name that was looked up before.
//
// Connections are kept for later requests. A dead one, as after the failover of a load
// balancer, is found by HTTP/2 pings, or by its silence over HTTP/1.1, and its request is
// sent again on another: see Pool.
//
// A failure or a 429 is held against the repository that was asked for, and against its
// host only where a probe of our own fails too: see Health.
//
// HTTPS_PROXY, HTTP_PROXY and NO_PROXY are used. A proxy dials by its own rules, and may
// have any address itself: the administrator sets the environment.
package egress
