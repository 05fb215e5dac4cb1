// Package tracing puts OpenTelemetry spans round the steps of a request, and exports them with
// OTLP over HTTP. It wraps what the other packages declare, so that none of them knows of it,
// and without it a request costs nothing more. It is off by default: the environment turns it
// on, by the variables of OpenTelemetry's specification ([FromEnvironment]).
//
// The spans are those of provider/doc.go's life of one request: answer, image, tag, evidence,
// verify, referrers, envelope and revocation. There is one answer for each request of Gatekeeper.
// There is one image for each image that is not in the cache, while a caller waits. A check that
// goes on after its request was answered stays in the request's trace. Where two requests wait for
// one check, the check is in the trace of the first.
//
// A span may name the image, which a metric may not. It never has a credential or an error's full
// text: a cause is enough to find the line of the log. That line has the trace's id. The context of
// a trace comes in by the W3C header traceparent, from Gatekeeper alone, and goes to no registry
// and no CA.
package tracing
