// Command dex serves dex on a loopback address for the tests, with everything in memory: whoever the headers
// X-Remote-User, X-Remote-User-Email and X-Remote-Group name is signed in, and ada has a password of dex's own.
package main

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/dexidp/dex/server"
	"github.com/dexidp/dex/storage"
	"github.com/dexidp/dex/storage/memory"
	"github.com/dexidp/dex/web"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/crypto/bcrypt"
)

func client(id string, peers ...string) storage.Client {
	return storage.Client{
		ID: id, Secret: id + "-secret", Name: id, TrustedPeers: peers,
		RedirectURIs: []string{"http://127.0.0.1/callback"},
	}
}

func run(address string) error {
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	hash, err := bcrypt.GenerateFromPassword([]byte("pw"), bcrypt.DefaultCost)
	if err != nil {
		return err
	}
	store := storage.WithStaticClients(memory.New(logger), []storage.Client{
		client("llm-gateway", "llm-cli"), client("llm-cli"), client("other"),
	})
	store = storage.WithStaticPasswords(store, []storage.Password{
		{Email: "ada@acme.test", Hash: hash, Username: "ada", UserID: "ada-id"},
	}, logger)
	store = storage.WithStaticConnectors(store, []storage.Connector{
		{ID: "proxy", Type: "authproxy", Name: "proxy", Config: []byte("{}")},
		{ID: server.LocalConnector, Type: server.LocalConnector, Name: "local"},
	})
	// dex keeps its keys for as long; the tests ask for new ones by this.
	rotation, err := time.ParseDuration(os.Getenv("DEX_ROTATION"))
	if err != nil {
		rotation = 6 * time.Hour
	}
	it, err := server.NewServer(context.Background(), server.Config{
		Issuer:             "http://" + address + "/dex",
		Storage:            store,
		AllowedGrantTypes:  []string{"authorization_code", "refresh_token", "password"},
		SkipApprovalScreen: true,
		PasswordConnector:  server.LocalConnector,
		RotateKeysAfter:    rotation,
		IDTokensValidFor:   time.Hour,
		Web:                server.WebConfig{WebFS: web.FS()},
		Logger:             logger,
		PrometheusRegistry: prometheus.NewRegistry(),
	})
	if err != nil {
		return err
	}
	return http.ListenAndServe(address, it)
}

func main() {
	if err := run(os.Args[1]); err != nil {
		slog.Error(err.Error())
		os.Exit(1)
	}
}
