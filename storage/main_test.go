package storage_test

import (
	"testing"

	"unireg/storage/storagetest"
)

func TestMain(m *testing.M) { storagetest.Main(m) }
