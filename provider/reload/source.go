package reload

import "time"

// Source is something read from files that can be read again.
type Source interface {
	// Name is what logs, metrics and readiness call the source, like
	// "client-ca". It must never change.
	Name() string

	// Reload looks at the files and takes over what changed in them. With an
	// error it must have changed nothing: the old state stays in force. As long
	// as the files stay broken, each call must return an error. Reload is called
	// from one goroutine at a time, beside readers of the state.
	Reload() (changed bool, err error)
}

// Noter is a [Source] that may have something to say about the files in force.
type Noter interface {
	// Notes tells, a line each, what the files leave to be desired, such as one that
	// was not read. It may be called at any time.
	Notes() []string
}

// Hasher is a [Source] that has a hash of what is in force, by which replicas can be compared.
type Hasher interface {
	// Hash is equal for equal contents. It is called from the goroutine of Reload.
	Hash() []byte
}

// Outcomes of one reload, as the observer given to [New] is told them.
const (
	Unchanged = "unchanged" // the files are as they were
	Changed   = "changed"   // new contents are in force
	Failed    = "failed"    // the files are broken; the old contents are in force
)

// Outcomes returns every outcome there is.
func Outcomes() []string { return []string{Unchanged, Changed, Failed} }

// Status is how a source stands.
type Status struct {
	Source string    // the source's name
	Err    error     // why its files cannot be used, or nil if all is well
	Since  time.Time // when it last broke or healed, or when polling was set up
	Loaded time.Time // when the contents in force were taken over
	Hash   []byte    // of the contents in force; nil if the source is no [Hasher]
	Notes  []string  // what a [Noter] says of the files in force
}
