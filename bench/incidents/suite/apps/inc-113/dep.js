'use strict'
const { serve } = require('../_lib/postgres')

serve(`
create table accounts (id int primary key, cents bigint not null);
create table bookings (id serial primary key, account_id int, cents bigint, at timestamptz default now());
insert into accounts select g, 1000000 from generate_series(1, 20) g;
`)
