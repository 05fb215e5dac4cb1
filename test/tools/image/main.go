// Command image builds the images that the Dockerfile describes as OCI layouts, without a container engine and without a
// network. README.md says what it knows of Dockerfiles.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

const usage = `Builds the images that the Dockerfile describes as OCI layouts, without a container engine and without a network:
one folder a target, with an index of one image a platform.

Usage: image [flags] TARGET...

Examples:
  image notation-provider policytest
  image -platforms linux/amd64,linux/arm64 -build-arg REVISION="$(git rev-parse HEAD)" notation-provider
  image -push registry.example/tools notation-provider     # as registry.example/tools/notation-provider:VERSION,
                                                           # with the credentials of docker login

SOURCE_DATE_EPOCH (reproducible-builds.org) is when the images say they were made, in seconds since 1970; 0 by default.

Exit codes: 0 all are built; 1 something failed; 2 the command line is wrong.

Flags:
`

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is main with an exit code.
func run(args []string, out, complaints io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o, err := parse(args, complaints)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(complaints, "image:", err)
		return 2
	}
	if err := o.execute(ctx, out); err != nil {
		fmt.Fprintln(complaints, "image:", err)
		return 1
	}
	return 0
}

type options struct {
	context, out, push string
	platforms          []v1.Platform
	args               map[string]string
	targets            []string
	created            time.Time
}

func parse(args []string, complaints io.Writer) (*options, error) {
	o := &options{args: map[string]string{}}
	flags := flag.NewFlagSet("image", flag.ContinueOnError)
	flags.SetOutput(complaints)
	flags.Usage = func() { fmt.Fprint(complaints, usage); flags.PrintDefaults() }
	flags.StringVar(&o.context, "context", ".", "the `folder` with the Dockerfile")
	flags.StringVar(&o.out, "out", ".cache/image", "the `folder` to write the layouts to")
	flags.StringVar(&o.push, "push", "", "also push to this `registry/path`")
	platforms := flags.String("platforms", "linux/"+runtime.GOARCH, "for which platforms, a `list` with commas")
	flags.Func("build-arg", "`NAME=VALUE` of an ARG; may be repeated", func(text string) error {
		name, value, ok := strings.Cut(text, "=")
		if o.args[name] = value; !ok {
			return errors.New("want NAME=VALUE")
		}
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if o.targets = flags.Args(); len(o.targets) == 0 {
		return nil, errors.New("which targets? See -help")
	}
	for name := range strings.SplitSeq(*platforms, ",") {
		platform, err := v1.ParsePlatform(name)
		if err != nil || platform.OS == "" || platform.Architecture == "" {
			return nil, fmt.Errorf("-platforms: %q is none, such as linux/amd64", name)
		}
		o.platforms = append(o.platforms, *platform)
	}
	seconds, err := strconv.ParseInt(cmp.Or(os.Getenv("SOURCE_DATE_EPOCH"), "0"), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
	}
	o.created = time.Unix(seconds, 0).UTC()
	return o, nil
}

// execute builds each target, says what came of it, and pushes it where that is asked for.
func (o *options) execute(ctx context.Context, out io.Writer) error {
	temporary, err := os.MkdirTemp("", "image-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(temporary) }() // it is a temporary folder
	for _, target := range o.targets {
		built, err := o.index(ctx, temporary, target, out)
		if err != nil {
			return fmt.Errorf("%s: %w", target, err)
		}
		folder := filepath.Join(o.out, target)
		if err := built.write(folder); err != nil {
			return fmt.Errorf("%s: %w", target, err)
		}
		digest, err := built.images.Digest()
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s %s: %s in %s\n", target, built.version, digest, folder)
		if o.push == "" {
			continue
		}
		pushed, err := built.push(ctx, o.push+"/"+target)
		if err != nil {
			return fmt.Errorf("pushing %s: %w", target, err)
		}
		fmt.Fprintf(out, "pushed; sign it: notation-pki sign %s\n", pushed)
	}
	return nil
}
