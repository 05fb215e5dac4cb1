// Package clientca decides what stands in the ConfigMap with the CA of Gatekeeper's client
// certificates. It reads and writes nothing itself.
//
// Gatekeeper shows the provider the certificate of its own webhook. The CA of that stands
// in the caBundle of its webhook configuration, where the API server needs it. When that CA
// changes, replicas of Gatekeeper still show the old certificate until their volume is
// updated. So the old CA stays beside the new one for a bounded time.
//
// What cannot be read, or is no CA, changes nothing: a server that trusts yesterday's CA
// answers, and one without a CA refuses every client.
package clientca
