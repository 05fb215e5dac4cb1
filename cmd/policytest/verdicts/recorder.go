package verdicts

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"go.yaml.in/yaml/v4"

	"gitlab.com/ska-telescope/notation-provider/cmd/policytest/engine"
	"gitlab.com/ska-telescope/notation-provider/provider/regularfile"
)

// header begins every file that is written here, and none else.
const header = "# Written by policytest --record, which may write it again.\n"

// Recorder writes down what live providers answered, as a verdicts.yaml.
type Recorder struct {
	path     string
	answers  map[string]answers // by provider
	problems []error
}

// NewRecorder makes a recorder that writes to a file. A file that is there must be one that a recorder wrote.
func NewRecorder(path string) (*Recorder, error) {
	text, err := regularfile.Read(path, regularfile.MaxText)
	switch {
	case err == nil && !bytes.HasPrefix(text, []byte(header)):
		return nil, fmt.Errorf("%s was not written by --record, and would be lost; move it away", path)
	case err != nil && !errors.Is(err, os.ErrNotExist):
		return nil, err
	}
	return &Recorder{path: path, answers: map[string]answers{}}, nil
}

// Record takes down one call that was answered.
func (r *Recorder) Record(call engine.Call) {
	said := answersTo(call)
	if err := replays(call, said); err != nil {
		r.problems = append(r.problems, err)
		return
	}
	if r.answers[call.Provider] == nil {
		r.answers[call.Provider] = answers{}
	}
	for key, answer := range said {
		before, ok := r.answers[call.Provider][key]
		if ok && asJSON(before) != asJSON(answer) {
			r.problems = append(r.problems, fmt.Errorf("provider %q answered %q in two ways, and both cannot be recorded: %s, then %s",
				call.Provider, key, asJSON(before), asJSON(answer)))
		}
		r.answers[call.Provider][key] = answer
	}
}

// Write writes the file, unless it would not say what was heard.
func (r *Recorder) Write() error {
	if len(r.answers)+len(r.problems) == 0 {
		return errors.New("no live provider answered")
	}
	if err := errors.Join(r.problems...); err != nil {
		return err
	}
	text, err := dump(r.answers)
	if err != nil {
		return err
	}
	return os.WriteFile(r.path, text, 0o644) //nolint:gosec // it is for everyone, and for git
}

func dump(all map[string]answers) ([]byte, error) {
	providers := map[string]any{}
	for name, said := range all {
		written := map[string]any{}
		for key, answer := range said {
			written[key] = answer
			if len(answer) == 0 {
				written[key] = "silent"
			}
		}
		providers[name] = map[string]any{"answers": written}
	}
	text, err := yaml.Dump(map[string]any{"providers": providers})
	return append([]byte(header), text...), err
}

// replays tells whether the answers, read again, make the very response that was heard.
func replays(call engine.Call, said answers) error {
	text, err := dump(map[string]answers{call.Provider: said})
	if err != nil {
		return err
	}
	file, err := Parse("recorded", text)
	if err != nil {
		return fmt.Errorf("what provider %q answered cannot be recorded: %w", call.Provider, err)
	}
	if heard, replayed := canonical(call.Response), replay(file, call); heard != replayed {
		return fmt.Errorf("what provider %q answered cannot be recorded: it said %s, a replay would say %s", call.Provider, heard, replayed)
	}
	return nil
}
