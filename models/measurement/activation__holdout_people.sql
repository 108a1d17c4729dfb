{%- set holdouts = activation._measured_holdouts() -%}
{%- for holdout in holdouts -%}
    {%- do holdout.update(relation=ref(project_name, holdout.outcome)) -%}
{%- endfor -%}
with

people as (

    {{ activation._holdout_people(holdouts) }}

)

select
    {{ activation._typed_columns(activation._measurement_columns('holdout_people')) }}
from people
