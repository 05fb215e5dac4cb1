// Package controllers carries out what the packages serving and clientca decide, on the
// Kubernetes API.
//
// A watch only wakes a controller. Each decision is made from objects that were read from the API
// server just before, never from a cache. Each write carries the version that was read: if the
// object has changed since, the write fails and everything is read again. So it does not matter how
// stale a watch is, or that a rotator does not know yet that another has taken over.
package controllers
