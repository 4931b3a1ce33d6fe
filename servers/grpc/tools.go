//go:build tools

// The clients of gRPC that the tests ask with: pinned here, built by `npm run servers`.
package grpc

import (
	_ "github.com/fullstorydev/grpcurl/cmd/grpcurl"
	_ "github.com/grpc-ecosystem/grpc-health-probe"
)
