//go:build e2e

package cluster

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// probe starts the probes of a container that has just begun: the startup probe, and the others when that has succeeded.
// Unhealthy gets the grace to end the container with, when it is not alive.
func (c *container) probe(ctx context.Context, probes *sync.WaitGroup, r *running, unhealthy chan<- time.Duration) {
	probes.Go(func() {
		if p := c.spec.StartupProbe; p != nil {
			succeeded := false
			c.repeat(ctx, r, p, "startup", func(healthy bool) bool {
				succeeded = healthy
				return false // decided, the one way or the other
			})
			if !succeeded {
				if ctx.Err() == nil {
					unhealthy <- c.probeGrace(p)
				}
				return
			}
			c.change(func() {
				yes := true
				c.status.Started, c.status.Ready = &yes, c.spec.ReadinessProbe == nil
			})
		}
		if p := c.spec.LivenessProbe; p != nil {
			probes.Go(func() {
				c.repeat(ctx, r, p, "liveness", func(healthy bool) bool {
					if !healthy && !isClosed(c.pod.stopping) {
						unhealthy <- c.probeGrace(p)
					}
					return healthy
				})
			})
		}
		if p := c.spec.ReadinessProbe; p != nil {
			probes.Go(func() {
				c.repeat(ctx, r, p, "readiness", func(healthy bool) bool {
					c.change(func() { c.status.Ready = healthy && c.active == r })
					return true
				})
			})
		}
	})
}

func (c *container) probeGrace(p *corev1.Probe) time.Duration {
	if p.TerminationGracePeriodSeconds != nil {
		return time.Duration(*p.TerminationGracePeriodSeconds) * time.Second
	}
	return c.pod.grace()
}

// repeat probes once a period and calls decide each time that enough probes in a row agree, until that says no.
func (c *container) repeat(ctx context.Context, r *running, p *corev1.Probe, kind string, decide func(healthy bool) bool) {
	wait := time.Duration(p.InitialDelaySeconds) * time.Second
	row, last, well := int32(0), false, kind != "readiness" // a failure is told where it was well before
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.done:
			return
		case <-time.After(wait):
		}
		wait = max(time.Duration(p.PeriodSeconds), 1) * time.Second
		err := c.probeOnce(ctx, r, p)
		if ctx.Err() != nil {
			return
		}
		if healthy := err == nil; healthy == last {
			row++
		} else {
			row, last = 1, healthy
		}
		well = well || last
		if err != nil && well && row == max(p.FailureThreshold, 1) {
			c.pod.agent.c.say("container %s: %s probe failed %d times: %v", c.title(), kind, row, err)
		}
		threshold := p.FailureThreshold
		if last {
			threshold = p.SuccessThreshold
		}
		if row >= max(threshold, 1) && !decide(last) {
			return
		}
	}
}

func (c *container) probeOnce(ctx context.Context, r *running, p *corev1.Probe) error {
	ctx, cancel := context.WithTimeout(ctx, max(time.Duration(p.TimeoutSeconds), 1)*time.Second)
	defer cancel()
	switch {
	case p.HTTPGet != nil:
		return c.get(ctx, p.HTTPGet)
	case p.TCPSocket != nil:
		port, err := c.port(p.TCPSocket.Port)
		if err != nil {
			return err
		}
		var dialer net.Dialer
		connection, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(first(p.TCPSocket.Host, c.pod.ip), port))
		if err != nil {
			return err
		}
		return connection.Close()
	case p.Exec != nil:
		return c.exec(ctx, r, p.Exec.Command, io.Discard)
	}
	return errors.New("only httpGet, tcpSocket and exec are supported")
}

// get asks as kubelets do: certificates are not checked, and 200 to 399 is good.
func (c *container) get(ctx context.Context, action *corev1.HTTPGetAction) error {
	port, err := c.port(action.Port)
	if err != nil {
		return err
	}
	target, err := url.Parse("/" + strings.TrimPrefix(action.Path, "/"))
	if err != nil {
		return err
	}
	target.Scheme, target.Host = strings.ToLower(first(string(action.Scheme), "http")), net.JoinHostPort(first(action.Host, c.pod.ip), port)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return err
	}
	request.Header.Set("User-Agent", "kube-probe/e2e")
	for _, h := range action.HTTPHeaders {
		if strings.EqualFold(h.Name, "Host") {
			request.Host = h.Value
		}
		request.Header.Add(h.Name, h.Value)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1024))
	if err != nil {
		return err
	}
	if response.StatusCode < 200 || response.StatusCode >= 400 {
		return fmt.Errorf("%s: %s: %s", target, response.Status, strings.TrimSpace(string(body)))
	}
	return nil
}

// port is a number, or the number of the container's port of that name.
func (c *container) port(port intstr.IntOrString) (string, error) {
	if port.Type == intstr.Int {
		return strconv.Itoa(port.IntValue()), nil
	}
	for _, p := range c.spec.Ports {
		if p.Name == port.StrVal {
			return strconv.Itoa(int(p.ContainerPort)), nil
		}
	}
	return "", fmt.Errorf("no port is named %q", port.StrVal)
}
