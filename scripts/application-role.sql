-- For psql, as a superuser or whoever may create roles: the role that the gateway works as. It owns nothing; the owner of
-- the database grants it what it needs at each migration. Its password is in POSTGRES_APPLICATION_PASSWORD.
\getenv password POSTGRES_APPLICATION_PASSWORD
create role loyalty_gateway_application login password :'password';
