// Package registry asks OCI registries: what a tag stands for, which signatures
// refer to a digest, and what is in them. It is step 7 of the walk, where the walk
// leaves the process.
//
// Client are asked as they are, and not only as the distribution specification
// has them: Normalize makes up for answers that say too little, and Remote looks for
// signatures wherever a registry may list them.
//
// Each host has its own connections, certificate authority and credentials, and
// what belongs to one host is sent to no other. Package login finds the credentials
// and logs in. A mirror is asked first under its own settings, and the image's own
// host after it. Errors are provider.ErrNotFound for a 404, provider.ErrNoEnvelope for a signature that is none, and else a
// provider.UndecidedError: whatever a registry says or does, it does not decide.
package registry
