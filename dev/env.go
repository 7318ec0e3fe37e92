package main

import (
	"fmt"
	"regexp"
	"strings"
)

// variable is one environment variable through which programs find the stack.
type variable struct{ name, value string }

type environment []variable

// environment lists what the stack offers, under the names that the product, its tests and Temporal's SDK read.
func (s *stack) environment() environment {
	return environment{
		{"UNIREG_DATABASE_URL", s.pg.databaseURL(appRole, s.secrets.App, productDatabase)},
		{"UNIREG_MIGRATE_DATABASE_URL", s.pg.databaseURL(ownerRole, s.secrets.Owner, productDatabase)},
		{"UNIREG_ADMIN_DATABASE_URL", s.pg.superuserURL("postgres")},
		{"TEMPORAL_ADDRESS", localAddress(s.ports.temporal)},
		{"TEMPORAL_NAMESPACE", namespace},
		{"UNIREG_TEMPORAL_UI_URL", "http://" + localAddress(s.ports.temporalUI)},
		{"UNIREG_S3_ENDPOINT", localAddress(s.ports.s3)},
		{"UNIREG_S3_ACCESS_KEY", s.secrets.S3Access},
		{"UNIREG_S3_SECRET_KEY", s.secrets.S3Secret},
		{"UNIREG_S3_BUCKET", bucket},
		{"UNIREG_S3_SECURE", "false"},
		{"UNIREG_STACK_CONTROL", s.controlPath},
	}
}

func (e environment) asMap() map[string]string {
	m := make(map[string]string, len(e))
	for _, v := range e {
		m[v.name] = v.value
	}
	return m
}

func (e environment) asList() []string {
	list := make([]string, len(e))
	for i, v := range e {
		list[i] = v.name + "=" + v.value
	}
	return list
}

var plainValue = regexp.MustCompile(`^[A-Za-z0-9_./:@?=,+-]*$`)

// asFile renders lines that a shell can source. Values are bare where that is safe, so that programs which know no
// quoting can read the file too.
func (e environment) asFile() []byte {
	var b strings.Builder
	for _, v := range e {
		value := v.value
		if !plainValue.MatchString(value) {
			value = "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
		}
		fmt.Fprintf(&b, "%s=%s\n", v.name, value)
	}
	return []byte(b.String())
}
