package initials_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record/codes/initials"
)

func TestInitialsFollowTheWordAsItIsRead(t *testing.T) {
	for name, want := range map[string]string{
		"岳麓区": "ylq", "长沙市": "css", "重庆市": "cqs", "厦门市": "xms", "给水排水工程": "jspsgc", "C 类（三类人员）": "clslry", "A座2层": "az2c",
	} {
		got, err := initials.Of(name)
		require.NoError(t, err)
		require.Equal(t, want, got, name)
	}
	_, err := initials.Of("\u2E81县")
	require.ErrorContains(t, err, "no reading")
}
