package main

import (
	"fmt"
	"os"
	"time"

	uiserver "github.com/temporalio/ui-server/v2/server"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	uioptions "github.com/temporalio/ui-server/v2/server/server_options"
	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/postgresql"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/temporal"
	"go.temporal.io/server/tools/common/schema"
	sqltool "go.temporal.io/server/tools/sql"
)

// temporalSettings is what the Temporal child reads from its standard input.
type temporalSettings struct {
	Port            int    `json:"port"`
	UIPort          int    `json:"ui_port"`
	PostgresAddress string `json:"postgres_address"`
	Password        string `json:"password"`
}

// historyShards is fixed when the database is made; a few let commands on different records proceed side by side.
const historyShards = 4

// temporalCommand runs the Temporal server with its web interface, persisted in PostgreSQL.
type temporalCommand struct{}

// Run serves until told to stop.
func (temporalCommand) Run() error {
	var settings temporalSettings
	ctx, cancel, err := childContext(&settings)
	if err != nil {
		return err
	}
	defer cancel()
	logger := log.NewZapLogger(log.BuildZapLogger(log.Config{Level: "warn"}))
	if err := settings.updateSchemas(logger); err != nil {
		return err
	}
	server, err := settings.newServer(logger)
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return fmt.Errorf("start the Temporal server: %w", err)
	}
	ui := settings.newUI()
	go func() {
		if err := ui.Start(); err != nil {
			fmt.Fprintln(os.Stderr, "web interface:", err)
			cancel()
		}
	}()
	<-ctx.Done()
	ui.Stop()
	if err := server.Stop(); err != nil {
		return fmt.Errorf("stop the Temporal server: %w", err)
	}
	return nil
}

// newUI builds the web interface. It asks nobody outside for news and needs no TLS for its cookies.
func (s temporalSettings) newUI() *uiserver.Server {
	return uiserver.NewServer(uioptions.WithConfigProvider(&uiconfig.Config{
		TemporalGRPCAddress: localAddress(s.Port),
		Host:                "127.0.0.1",
		Port:                s.UIPort,
		EnableUI:            true,
		DefaultNamespace:    namespace,
		DisableNewsFetch:    true,
		HideLogs:            true,
		CORS:                uiconfig.CORS{CookieInsecure: true},
	}))
}

func (s temporalSettings) sql(database string) *config.SQL {
	return &config.SQL{
		PluginName:      postgresql.PluginNamePGX,
		ConnectProtocol: "tcp",
		ConnectAddr:     s.PostgresAddress,
		DatabaseName:    database,
		User:            temporalRole,
		Password:        s.Password,
		MaxConns:        20,
		MaxIdleConns:    20,
		MaxConnLifetime: time.Hour,
	}
}

// updateSchemas brings both databases to the schema of this server's version; on a current database it changes
// nothing.
func (s temporalSettings) updateSchemas(logger log.Logger) error {
	for database, name := range map[string]string{
		temporalDatabase:   "postgresql/v12/temporal",
		visibilityDatabase: "postgresql/v12/visibility",
	} {
		conn, err := sqltool.NewConnection(s.sql(database), logger)
		if err != nil {
			return fmt.Errorf("connect to database %s: %w", database, err)
		}
		err = schema.NewSetupSchemaTask(conn, &schema.SetupConfig{InitialVersion: "0.0"}, logger).Run()
		if err == nil {
			err = schema.NewUpdateSchemaTask(conn, &schema.UpdateConfig{DBName: database, SchemaName: name}, logger).Run()
		}
		conn.Close()
		if err != nil {
			return fmt.Errorf("schema of database %s: %w", database, err)
		}
	}
	return nil
}

// newServer builds a server of all four services in this process, which find each other at fixed addresses instead
// of by gossip.
func (s temporalSettings) newServer(logger log.Logger) (temporal.Server, error) {
	services := map[string]config.Service{}
	hosts := map[primitives.ServiceName]static.Hosts{}
	taken := map[int]bool{s.Port: true, s.UIPort: true}
	for _, name := range []primitives.ServiceName{
		primitives.FrontendService, primitives.HistoryService, primitives.MatchingService, primitives.WorkerService,
	} {
		port := s.Port
		if name != primitives.FrontendService {
			var err error
			if port, err = freePort(func(port int) bool { return taken[port] }); err != nil {
				return nil, err
			}
			taken[port] = true
		}
		services[string(name)] = config.Service{RPC: config.RPC{GRPCPort: port, BindOnIP: "127.0.0.1"}}
		hosts[name] = static.SingleLocalHost(localAddress(port))
	}
	cfg := s.serverConfig(services)
	authorizer, err := authorization.GetAuthorizerFromConfig(&cfg.Global.Authorization)
	if err != nil {
		return nil, fmt.Errorf("configure Temporal: %w", err)
	}
	claimMapper, err := authorization.GetClaimMapperFromConfig(&cfg.Global.Authorization, logger)
	if err != nil {
		return nil, fmt.Errorf("configure Temporal: %w", err)
	}
	server, err := temporal.NewServer(
		temporal.WithConfig(cfg),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithStaticHosts(hosts),
		temporal.WithLogger(logger),
		temporal.WithAuthorizer(authorizer),
		temporal.WithClaimMapper(func(*config.Config) authorization.ClaimMapper { return claimMapper }),
		temporal.WithDynamicConfigClient(dynamicSettings()),
	)
	if err != nil {
		return nil, fmt.Errorf("configure Temporal: %w", err)
	}
	return server, nil
}

func (s temporalSettings) serverConfig(services map[string]config.Service) *config.Config {
	const clusterName, disabled = "active", "disabled"
	return &config.Config{
		Services: services,
		Persistence: config.Persistence{
			NumHistoryShards: historyShards,
			DefaultStore:     temporalDatabase,
			VisibilityStore:  visibilityDatabase,
			DataStores: map[string]config.DataStore{
				temporalDatabase:   {SQL: s.sql(temporalDatabase)},
				visibilityDatabase: {SQL: s.sql(visibilityDatabase)},
			},
		},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10,
			MasterClusterName:        clusterName,
			CurrentClusterName:       clusterName,
			ClusterInformation: map[string]cluster.ClusterInformation{
				clusterName: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: localAddress(s.Port)},
			},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		PublicClient:        config.PublicClient{HostPort: localAddress(s.Port)},
		Archival: config.Archival{
			History:    config.HistoryArchival{State: disabled},
			Visibility: config.VisibilityArchival{State: disabled},
		},
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History:    config.HistoryArchivalNamespaceDefaults{State: disabled},
			Visibility: config.VisibilityArchivalNamespaceDefaults{State: disabled},
		}},
	}
}

// dynamicSettings suit one developer and many tests: a namespace made a moment ago is known everywhere within half
// a second, nothing is throttled that a test would do, and the server does not ask home for newer versions. The
// default of 20 reads of a shard's queue in a second is among the throttles: on so few shards, commands that follow
// each other closely would wait for it.
func dynamicSettings() dynamicconfig.StaticClient {
	const plenty = 100_000
	return dynamicconfig.StaticClient{
		dynamicconfig.EnableServerVersionCheck.Key():                                           false,
		dynamicconfig.NamespaceCacheRefreshInterval.Key():                                      500 * time.Millisecond,
		dynamicconfig.ForceSearchAttributesCacheRefreshOnRead.Key():                            true,
		dynamicconfig.FrontendEnableUpdateWorkflowExecution.Key():                              true,
		dynamicconfig.FrontendEnableUpdateWorkflowExecutionAsyncAccepted.Key():                 true,
		dynamicconfig.FrontendRPS.Key():                                                        plenty,
		dynamicconfig.FrontendMaxNamespaceRPSPerInstance.Key():                                 plenty,
		dynamicconfig.FrontendMaxNamespaceVisibilityRPSPerInstance.Key():                       plenty,
		dynamicconfig.FrontendMaxNamespaceNamespaceReplicationInducingAPIsRPSPerInstance.Key(): plenty,
		dynamicconfig.HistoryRPS.Key():                                                         plenty,
		dynamicconfig.MatchingRPS.Key():                                                        plenty,
		dynamicconfig.FrontendPersistenceMaxQPS.Key():                                          plenty,
		dynamicconfig.HistoryPersistenceMaxQPS.Key():                                           plenty,
		dynamicconfig.MatchingPersistenceMaxQPS.Key():                                          plenty,
		dynamicconfig.TransferProcessorMaxPollRPS.Key():                                        plenty,
		dynamicconfig.TimerProcessorMaxPollRPS.Key():                                           plenty,
		dynamicconfig.VisibilityProcessorMaxPollRPS.Key():                                      plenty,
		dynamicconfig.MatchingNumTaskqueueReadPartitions.Key():                                 1,
		dynamicconfig.MatchingNumTaskqueueWritePartitions.Key():                                1,
	}
}
