package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/s3api"
	"github.com/versity/versitygw/s3api/middlewares"
)

const (
	bucket   = "unireg"
	s3Region = "us-east-1" // what clients assume unless told otherwise
)

// s3Settings is what the object store child reads from its standard input.
type s3Settings struct {
	Address string `json:"address"`
	Dir     string `json:"dir"` // absolute; objects below objects/
	Access  string `json:"access"`
	Secret  string `json:"secret"`
}

// s3Command runs the S3 gateway versitygw, which keeps each object as a file. It changes the working directory and
// keeps global state, hence one to a process.
type s3Command struct{}

// Run serves until told to stop.
func (s3Command) Run() error {
	var settings s3Settings
	ctx, cancel, err := childContext(&settings)
	if err != nil {
		return err
	}
	defer cancel()
	store, err := settings.backend()
	if err != nil {
		return err
	}
	defer store.Shutdown()
	server, err := s3api.New(store,
		middlewares.RootUserConfig{Access: settings.Access, Secret: settings.Secret}, s3Region,
		auth.NewIAMServiceSingle(auth.Account{Access: settings.Access, Secret: settings.Secret, Role: auth.RoleAdmin}),
		nil, nil, nil, nil,
		s3api.WithConcurrencyLimiter(100_000, 10_000),
		s3api.WithMpMaxParts(10_000),
		s3api.WithKeepAlive(),
		s3api.WithQuiet(),
	)
	if err != nil {
		return fmt.Errorf("configure versitygw: %w", err)
	}
	served := make(chan error, 1)
	go func() { served <- server.ServeMultiPort([]string{settings.Address}) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
		return server.ShutDown()
	}
}

// backend opens the directory of objects.
func (s s3Settings) backend() (*posix.Posix, error) {
	objects := filepath.Join(s.Dir, "objects")
	if err := os.MkdirAll(objects, 0o700); err != nil {
		return nil, err
	}
	options := posix.PosixOpts{CopyObjectThreshold: 5 << 30}
	options.SetNewDirPerm(0o700)
	options.SetNewFilePerm(0o600)
	storer, err := s.metadata(objects, &options)
	if err != nil {
		return nil, err
	}
	store, err := posix.New(objects, storer, options)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", objects, err)
	}
	return store, nil
}

// metadata chooses where what S3 knows of an object beyond its bytes is kept: in extended attributes or, where the
// file system has none, in files of their own. What a directory began with it keeps.
func (s s3Settings) metadata(objects string, options *posix.PosixOpts) (meta.MetadataStorer, error) {
	sidecar := filepath.Join(s.Dir, "objects-metadata")
	_, err := os.Stat(sidecar)
	if errors.Is(err, fs.ErrNotExist) && (meta.XattrMeta{}).Test(objects) == nil {
		return meta.XattrMeta{}, nil
	}
	if err := os.MkdirAll(sidecar, 0o700); err != nil {
		return nil, err
	}
	options.SideCarDir = sidecar
	return meta.NewSideCar(sidecar)
}

// minioCommand makes a command that runs MinIO's own server instead.
func minioCommand(program string, s s3Settings) (*exec.Cmd, error) {
	objects := filepath.Join(s.Dir, "minio")
	if err := os.MkdirAll(objects, 0o700); err != nil {
		return nil, err
	}
	cmd := exec.Command(program, "server", "--quiet", "--address", s.Address, objects) //nolint:gosec // named by the caller
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + s.Dir,
		"MINIO_ROOT_USER=" + s.Access, "MINIO_ROOT_PASSWORD=" + s.Secret,
		"MINIO_BROWSER=off", "MINIO_UPDATE=off",
	}
	cmd.SysProcAttr = childAttributes(syscall.SIGKILL)
	return cmd, nil
}

// probe reports whether the object store serves the product's bucket, which it makes if it is missing.
func (s s3Settings) probe(ctx context.Context) error {
	client, err := minio.New(s.Address, &minio.Options{
		Creds: credentials.NewStaticV4(s.Access, s.Secret, ""), Region: s3Region, MaxRetries: 1,
	})
	if err != nil {
		return err
	}
	exists, err := client.BucketExists(ctx, bucket)
	if err != nil || exists {
		return err
	}
	return client.MakeBucket(ctx, bucket, minio.MakeBucketOptions{Region: s3Region})
}
