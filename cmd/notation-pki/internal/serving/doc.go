// Package serving makes the certificates of mutual TLS between Gatekeeper and the provider, in a new folder:
//
//	tls.crt  tls.key        the provider's serving certificate, and its key, which is not encrypted
//	ca.crt                  the CA that issued it: caBundle of the Providers
//	client.crt  client.key  if asked for: a certificate that the provider takes for Gatekeeper's, to try it with
//
// Each run makes a CA of its own. Its key is never written, so that no one can issue a second certificate that Gatekeeper
// would take for the provider's.
package serving
