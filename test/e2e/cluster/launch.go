//go:build e2e

package cluster

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// launch is all that the process which becomes a container's needs to know.
type launch struct {
	Image           string   // the root file system, which is not written to
	Scratch         string   // an empty folder to mount on
	Mounts          []mount  // in this order
	Env             []string // NAME=value
	Args            []string // the first is the program
	Dir             string
	Hostname        string
	UID, GID        int
	Groups          []int
	OneUser         bool // in a user namespace without other users: UID, GID and Groups cannot be had
	ReadOnlyRoot    bool
	NoNewPrivileges bool
	Capabilities    []string // the only ones that remain
	Privileged      bool     // all remain
}

// mount puts a file or folder of the machine into a container.
type mount struct {
	Source, Target string
	ReadOnly       bool
}

// newLaunch works out what the container's specification and its image come to.
func (c *container) newLaunch(ctx context.Context, image *image) (*launch, error) {
	object := c.pod.object()
	l := &launch{Image: image.root, Scratch: c.pod.dir, Hostname: hostname(object), OneUser: OneUser()}
	for _, name := range []string{"hosts", "hostname", "resolv.conf"} {
		l.Mounts = append(l.Mounts, mount{Source: filepath.Join(c.pod.dir, name), Target: "/etc/" + name})
	}
	if err := l.secure(object, c.spec, image); err != nil {
		return nil, err
	}
	env, err := c.environment(ctx, image)
	if err != nil {
		return nil, err
	}
	l.Env = env.list()
	l.Args = append(env.expandAll(c.spec.Command), env.expandAll(c.spec.Args)...)
	if len(c.spec.Command) == 0 {
		l.Args = env.expandAll(c.spec.Args)
		if len(c.spec.Args) == 0 {
			l.Args = image.config.Cmd
		}
		l.Args = append(append([]string{}, image.config.Entrypoint...), l.Args...)
	}
	if len(l.Args) == 0 {
		return nil, errors.New("neither the container nor its image says what to run")
	}
	l.Dir = first(c.spec.WorkingDir, image.config.WorkingDir, "/")
	for _, m := range c.spec.VolumeMounts {
		source, readOnly, err := c.pod.volumeSource(m.Name)
		if err != nil {
			return nil, err
		}
		source = filepath.Join(source, filepath.Join("/", m.SubPath), filepath.Join("/", env.expand(m.SubPathExpr)))
		l.Mounts = append(l.Mounts, mount{Source: source, Target: m.MountPath, ReadOnly: readOnly || m.ReadOnly})
	}
	slices.SortStableFunc(l.Mounts, func(a, b mount) int { return strings.Count(a.Target, "/") - strings.Count(b.Target, "/") })
	return l, nil
}

func first(candidates ...string) string {
	for _, c := range candidates {
		if c != "" {
			return c
		}
	}
	return ""
}

// secure takes over the security contexts: the container's before the pod's before the image's.
func (l *launch) secure(object *corev1.Pod, spec *corev1.Container, image *image) error {
	pod, own := object.Spec.SecurityContext, spec.SecurityContext
	if pod == nil {
		pod = &corev1.PodSecurityContext{}
	}
	if own == nil {
		own = &corev1.SecurityContext{}
	}
	uid, gid, err := imageUser(image.config.User)
	if err != nil {
		return err
	}
	l.UID, l.GID = int(pick(own.RunAsUser, pod.RunAsUser, uid)), int(pick(own.RunAsGroup, pod.RunAsGroup, gid))
	if pick(own.RunAsNonRoot, pod.RunAsNonRoot, false) && l.UID == 0 {
		return errors.New("container has runAsNonRoot and would run as root")
	}
	for _, group := range pod.SupplementalGroups {
		l.Groups = append(l.Groups, int(group))
	}
	if pod.FSGroup != nil {
		l.Groups = append(l.Groups, int(*pod.FSGroup))
	}
	l.ReadOnlyRoot = pick(own.ReadOnlyRootFilesystem, nil, false)
	l.NoNewPrivileges = !pick(own.AllowPrivilegeEscalation, nil, true)
	l.Privileged = pick(own.Privileged, nil, false)
	l.Capabilities, err = capabilities(own.Capabilities)
	return err
}

func pick[T any](own, pod *T, otherwise T) T {
	switch {
	case own != nil:
		return *own
	case pod != nil:
		return *pod
	}
	return otherwise
}

// imageUser reads "65532" and "65532:65532". A name would need the image's /etc/passwd.
func imageUser(user string) (uid, gid int64, err error) {
	if user == "" {
		return 0, 0, nil
	}
	name, group, hasGroup := strings.Cut(user, ":")
	if uid, err = strconv.ParseInt(name, 10, 32); err == nil && hasGroup {
		gid, err = strconv.ParseInt(group, 10, 32)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("the image's user %q is no number: set runAsUser", user)
	}
	return uid, gid, nil
}
