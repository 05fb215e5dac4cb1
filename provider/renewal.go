package provider

import "context"

type renewalKey struct{}

// WithRenewal marks requests that renew a cached answer, such as the tag of an image in
// use. They have precedence over other requests, which any user can cause.
func WithRenewal(ctx context.Context) context.Context {
	return context.WithValue(ctx, renewalKey{}, true)
}

// IsRenewal tells whether ctx is marked by [WithRenewal].
func IsRenewal(ctx context.Context) bool { return ctx.Value(renewalKey{}) != nil }
