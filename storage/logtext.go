package storage

import (
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// LogText is an error as a log may keep it. PostgreSQL quotes values of the
// statement in some of its messages; in their place stand the error's code and
// the names of table, column and constraint, by which it is looked up.
func LogText(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return text
	}
	names := []string{"PostgreSQL " + pg.Code}
	for _, part := range []struct{ what, name string }{
		{"table", pg.TableName}, {"column", pg.ColumnName}, {"constraint", pg.ConstraintName}, {"routine", pg.Routine},
	} {
		if part.name != "" {
			names = append(names, part.what+" "+part.name)
		}
	}
	plain := strings.Join(names, ", ")
	for _, said := range []string{pg.Error(), pg.Message, pg.Detail} {
		if said != "" {
			text = strings.ReplaceAll(text, said, plain)
		}
	}
	return text
}
