//go:build e2e

package cluster

import (
	"context"
	"net"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// services forwards the ports of ClusterIPs.
type services struct {
	known cache.Cache
	wake  chan struct{}
	open  map[string]*forwarder // by address
}

func (c *Cluster) startServices(ctx context.Context) error {
	s := &services{known: c.agent.known, wake: make(chan struct{}, 1), open: map[string]*forwarder{}}
	poke := func() {
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
	for _, object := range []client.Object{&corev1.Service{}, &discoveryv1.EndpointSlice{}} {
		informer, err := c.agent.known.GetInformer(ctx, object)
		if err != nil {
			return err
		}
		if _, err := informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
			AddFunc: func(any) { poke() }, UpdateFunc: func(any, any) { poke() }, DeleteFunc: func(any) { poke() },
		}); err != nil {
			return err
		}
	}
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	c.onStop(func() { cancel(); <-done })
	go func() {
		defer close(done)
		s.run(life, c)
	}()
	return nil
}

func (s *services) run(life context.Context, c *Cluster) {
	for {
		if err := s.pass(life); err != nil && life.Err() == nil {
			c.say("services: %v", err)
		}
		select {
		case <-life.Done():
			for _, f := range s.open {
				f.close()
			}
			return
		case <-s.wake:
		case <-time.After(2 * time.Second): // for what failed
		}
	}
}

// pass makes the forwarders equal to the API's services. Where no endpoint is, nothing listens: connections are refused.
func (s *services) pass(ctx context.Context) error {
	wanted, err := s.wanted(ctx)
	if err != nil {
		return err
	}
	for address, f := range s.open {
		if len(wanted[address]) == 0 {
			f.close()
			delete(s.open, address)
		}
	}
	for address, endpoints := range wanted {
		if len(endpoints) == 0 {
			continue
		}
		if s.open[address] == nil {
			f, err := newForwarder(ctx, address)
			if err != nil {
				return err
			}
			s.open[address] = f
			f.set(endpoints)
			go acceptAll(f.listener, f.forward)
		}
		s.open[address].set(endpoints)
	}
	return nil
}

// wanted are the endpoints by the address of the service's port.
func (s *services) wanted(ctx context.Context) (map[string][]string, error) {
	var all corev1.ServiceList
	if err := s.known.List(ctx, &all); err != nil {
		return nil, err
	}
	wanted := map[string][]string{}
	for i := range all.Items {
		service := &all.Items[i]
		if !hasClusterIP(service) {
			continue
		}
		slicesOf, err := endpointSlices(ctx, s.known, service)
		if err != nil {
			return nil, err
		}
		for _, port := range service.Spec.Ports {
			if port.Protocol == corev1.ProtocolTCP {
				wanted[net.JoinHostPort(service.Spec.ClusterIP, strconv.Itoa(int(port.Port)))] = endpointsOf(slicesOf, port.Name)
			}
		}
	}
	return wanted, nil
}

func hasClusterIP(s *corev1.Service) bool {
	return s.Spec.ClusterIP != "" && s.Spec.ClusterIP != corev1.ClusterIPNone
}

func endpointSlices(ctx context.Context, known client.Reader, s *corev1.Service) ([]discoveryv1.EndpointSlice, error) {
	var all discoveryv1.EndpointSliceList
	err := known.List(ctx, &all, client.InNamespace(s.Namespace), client.MatchingLabels{discoveryv1.LabelServiceName: s.Name})
	return all.Items, err
}

// endpointsOf are the addresses of ready endpoints; where none is, of those that end and still serve, as kube-proxy does.
func endpointsOf(all []discoveryv1.EndpointSlice, portName string) []string {
	var ready, serving []string
	for _, slice := range all {
		for _, port := range slice.Ports {
			if port.Port == nil || port.Name != nil && *port.Name != portName {
				continue
			}
			for _, e := range slice.Endpoints {
				for _, ip := range e.Addresses {
					address := net.JoinHostPort(ip, strconv.Itoa(int(*port.Port)))
					if pick(e.Conditions.Ready, nil, true) {
						ready = append(ready, address)
					} else if pick(e.Conditions.Serving, nil, false) && pick(e.Conditions.Terminating, nil, false) {
						serving = append(serving, address)
					}
				}
			}
		}
	}
	if len(ready) == 0 {
		ready = serving
	}
	slices.Sort(ready)
	return ready
}
