{%- set holdouts = activation._measured_holdouts() -%}
{%- for holdout in holdouts -%}
    {#- In this package's own project, that is an example, which is a package there. -#}
    {%- set package = 'shop' if project_name == 'activation' else project_name -%}
    {%- do holdout.update(relation=ref(package, holdout.outcome)) -%}
{%- endfor -%}
with

people as (

    {{ activation._holdout_people(holdouts) }}

)

select
    {{ activation._typed_columns(activation._measurement_columns('holdout_people')) }}
from people
