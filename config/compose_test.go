package config_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/require"

	"unireg/config"
)

// compose parses docker-compose.yml as Docker does, with what its operator sets.
func compose(t *testing.T) *types.Project {
	t.Helper()
	content, err := os.ReadFile("../docker-compose.yml")
	require.NoError(t, err)
	project, err := loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir:  "..",
		ConfigFiles: []types.ConfigFile{{Filename: "docker-compose.yml", Content: content}},
		Environment: types.Mapping{"UNIREG_ORIGIN": "https://reg.example.cn"},
	}, func(o *loader.Options) { o.SetProjectName("unireg", true) })
	require.NoError(t, err)
	return project
}

// ours lists the services that run the product, with their part.
var ours = map[string]config.Part{"portal": config.Portal, "worker": config.Worker, "migrate": config.Schema}

func TestComposeConfiguresEveryPart(t *testing.T) {
	project := compose(t)
	secrets := filepath.Join(t.TempDir(), "secrets")
	output, err := exec.Command("../scripts/secrets", secrets).CombinedOutput()
	require.NoError(t, err, string(output))
	known := map[string]bool{}
	for _, v := range config.Variables() {
		known[v.Name], known[v.Name+"_FILE"] = true, true
	}
	for name, part := range ours {
		t.Run(name, func(t *testing.T) {
			service := project.Services[name]
			require.Equal(t, string(part), service.Command[0])
			mounted := map[string]string{}
			for _, secret := range service.Secrets {
				require.Contains(t, project.Secrets, secret.Source)
				mounted["/run/secrets/"+secret.Source] = filepath.Join(secrets, filepath.Base(project.Secrets[secret.Source].File))
			}
			var environment []string
			for variable, value := range service.Environment {
				require.NotNil(t, value, variable)
				require.True(t, known[variable] || strings.HasPrefix(variable, "TEMPORAL_"), "%s is no setting", variable)
				if strings.HasSuffix(variable, "_FILE") {
					require.Contains(t, mounted, *value, "%s names a secret that the service does not have", variable)
					*value = mounted[*value]
				}
				environment = append(environment, variable+"="+*value)
			}
			require.Len(t, service.Secrets, count(environment, "_FILE="), "every secret of the service is used")
			// Production mode accepts it, drawn secrets and all.
			c, err := config.Load(environment, part)
			require.NoError(t, err)
			require.Equal(t, config.Production, c.Mode)
		})
	}
}

func count(lines []string, part string) int {
	return len(slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return !strings.Contains(line, part) }))
}

func TestComposeDrawsEverySecretItMounts(t *testing.T) {
	secrets := filepath.Join(t.TempDir(), "secrets")
	require.NoError(t, exec.Command("../scripts/secrets", secrets).Run())
	for name, secret := range compose(t).Secrets {
		content, err := os.ReadFile(filepath.Join(secrets, filepath.Base(secret.File)))
		require.NoError(t, err, name)
		require.GreaterOrEqual(t, len(content), 20, name)
	}
	require.Error(t, exec.Command("../scripts/secrets", secrets).Run(), "secrets are drawn once")
}

func TestComposeKeepsDataAndHealsItself(t *testing.T) {
	project := compose(t)
	oneShot := map[string]bool{"migrate": true, "temporal-schema": true, "temporal-namespace": true}
	for name, service := range project.Services {
		require.Empty(t, service.ContainerName, "%s must be scalable or at least not clash", name)
		for _, port := range service.Ports {
			require.Equal(t, "127.0.0.1", port.HostIP, "%s is published to the world", name)
		}
		if oneShot[name] {
			require.True(t, strings.HasPrefix(service.Restart, "on-failure"), name)
			continue
		}
		require.Equal(t, "unless-stopped", service.Restart, name)
		if name != "temporal-ui" {
			require.NotNil(t, service.HealthCheck, name)
		}
		for dependency, condition := range service.DependsOn {
			if oneShot[dependency] {
				require.Equal(t, types.ServiceConditionCompletedSuccessfully, condition.Condition, name)
			} else {
				require.Equal(t, types.ServiceConditionHealthy, condition.Condition, name)
			}
		}
	}
	for service, volume := range map[string]string{"postgres": "postgres", "minio": "objects", "clamav": "signatures"} {
		require.Equal(t, volume, project.Services[service].Volumes[0].Source)
		require.Contains(t, project.Volumes, volume)
	}
	worker := project.Services["worker"]
	require.Empty(t, worker.Ports, "workers share a machine: --scale worker=3")
	portal := project.Services["portal"]
	require.NotContains(t, portal.DependsOn, "temporal", "the portal starts and accepts without Temporal")
	require.NotContains(t, worker.DependsOn, "clamav", "attachments wait for their scan, filings do not")
	require.Equal(t, "required", *worker.Environment["UNIREG_SCAN"])
	address, _, _ := strings.Cut(*worker.Environment["UNIREG_CLAMD"], ":")
	require.Contains(t, project.Services, address)
	require.True(t, portal.ReadOnly)
	require.Equal(t, []string{"ALL"}, portal.CapDrop)
}

func TestComposeNeedsAnOrigin(t *testing.T) {
	content, err := os.ReadFile("../docker-compose.yml")
	require.NoError(t, err)
	_, err = loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir: "..", ConfigFiles: []types.ConfigFile{{Filename: "docker-compose.yml", Content: content}},
	}, func(o *loader.Options) { o.SetProjectName("unireg", true) })
	require.ErrorContains(t, err, "UNIREG_ORIGIN")
}

// TestImageHasEveryRoom compares what is copied into the image's build with the
// packages that the product is made of.
func TestImageHasEveryRoom(t *testing.T) {
	ignored, err := os.ReadFile("../.dockerignore")
	require.NoError(t, err)
	output, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "unireg/cmd/unireg").Output()
	require.NoError(t, err)
	for path := range strings.FieldsSeq(string(output)) {
		folder, ours := strings.CutPrefix(path, "unireg/")
		if !ours {
			continue
		}
		kept := false
		for ; folder != "." && !kept; folder = filepath.Dir(folder) {
			kept = strings.Contains(string(ignored), "\n!"+folder+"\n")
		}
		require.True(t, kept, "%s is not in the image", path)
	}
}
