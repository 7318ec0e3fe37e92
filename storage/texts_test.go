package storage_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/certificate/certificatetest"
	"unireg/record"
	"unireg/storage"
)

// Whatever somebody's position, or the name of an owner, is typed as: lists show it.
func TestW26_WhatLooksLikeBytesIsListedAsItWasTyped(t *testing.T) {
	f := newFirm(t, certificatetest.New(t, "", ""))
	for _, typed := range []string{`\xssmark`, `\x4142`, `\x`, `a"b\c,{d}`, "NULL", "甲，乙"} {
		person := f.freshPerson(t)
		person.Position = typed
		id := f.begin(t, record.Practitioner, person)
		var cells []string
		for _, line := range f.lines(t, record.Practitioner, storage.ListDrafts) {
			if line.Record == id {
				cells = line.Cells
			}
		}
		require.Len(t, cells, 4)
		require.Equal(t, typed, cells[0])
	}
	f.verify(t)
}
