package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"
)

// The product's database and the roles it meets PostgreSQL with: the owner migrates, the app serves. Temporal keeps
// to databases and a role of its own.
const (
	productDatabase    = "unireg"
	ownerRole          = "unireg_owner"
	appRole            = "unireg_app"
	temporalRole       = "temporal"
	temporalDatabase   = "temporal"
	visibilityDatabase = "temporal_visibility"
)

// superuserURL is how tests reach the server to make databases of their own.
func (pg *postgres) superuserURL(database string) string {
	return pg.databaseURL("postgres", pg.password, database)
}

func (pg *postgres) databaseURL(role, password, database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(role, password), Host: localAddress(pg.port),
		Path: "/" + database, RawQuery: "sslmode=disable",
	}
	return u.String()
}

// provision makes the roles, databases and extensions that are missing, and gives the roles their passwords.
func (pg *postgres) provision(ctx context.Context, s secrets) error {
	conn, err := pgx.Connect(ctx, pg.superuserURL("postgres"))
	if err != nil {
		return fmt.Errorf("connect as superuser (is secrets.json the one this data was made with?): %w", err)
	}
	defer conn.Close(ctx)
	for role, password := range map[string]string{ownerRole: s.Owner, appRole: s.App, temporalRole: s.Temporal} {
		if err := ensureRole(ctx, conn, role, password); err != nil {
			return err
		}
	}
	// template1 first: databases that tests make are copies of it. Product code searches by trigram; extensions
	// are the superuser's to create.
	if err := pg.ensureExtension(ctx, "template1"); err != nil {
		return err
	}
	for database, owner := range map[string]string{
		productDatabase: ownerRole, temporalDatabase: temporalRole, visibilityDatabase: temporalRole,
	} {
		if err := ensureDatabase(ctx, conn, database, owner); err != nil {
			return err
		}
	}
	return pg.ensureExtension(ctx, productDatabase)
}

func ensureRole(ctx context.Context, conn *pgx.Conn, role, password string) error {
	var exists bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", role).Scan(&exists); err != nil {
		return fmt.Errorf("look for role %s: %w", role, err)
	}
	verb := "CREATE"
	if exists {
		verb = "ALTER"
	}
	statement := fmt.Sprintf("%s ROLE %s LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD %s", verb, pgx.Identifier{role}.Sanitize(), literal(password))
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("%s role %s: %w", strings.ToLower(verb), role, err)
	}
	return nil
}

func ensureDatabase(ctx context.Context, conn *pgx.Conn, database, owner string) error {
	var exists bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", database).Scan(&exists); err != nil {
		return fmt.Errorf("look for database %s: %w", database, err)
	}
	if exists {
		return nil
	}
	statement := fmt.Sprintf("CREATE DATABASE %s OWNER %s", pgx.Identifier{database}.Sanitize(), pgx.Identifier{owner}.Sanitize())
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("create database %s: %w", database, err)
	}
	return nil
}

func (pg *postgres) ensureExtension(ctx context.Context, database string) (err error) {
	conn, err := pgx.Connect(ctx, pg.superuserURL(database))
	if err != nil {
		return fmt.Errorf("connect to %s: %w", database, err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	if _, err := conn.Exec(ctx, "CREATE EXTENSION IF NOT EXISTS pg_trgm"); err != nil {
		return fmt.Errorf("create extension pg_trgm in %s: %w", database, err)
	}
	return nil
}

// literal quotes text for statements that take no parameters.
func literal(text string) string {
	return "'" + strings.ReplaceAll(text, "'", "''") + "'"
}
