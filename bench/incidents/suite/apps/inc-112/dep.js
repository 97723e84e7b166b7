'use strict'
const { serve } = require('../_lib/postgres')

serve(`
create table customers (id int primary key, name text);
create table baskets (id serial primary key, customer_id int, placed_at timestamptz default now());
create index on baskets (customer_id);
create table basket_lines (basket_id int, sku text, count int);
insert into customers select g, 'customer ' || g from generate_series(1, 50) g;
insert into baskets (customer_id) select 1 + g % 50 from generate_series(1, 15000) g;
insert into basket_lines select 1 + g % 15000, 'sku-' || g, 1 from generate_series(1, 45000) g;
create index on basket_lines (basket_id);
analyze;
`)
