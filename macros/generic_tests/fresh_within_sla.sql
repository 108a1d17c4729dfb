{#- The newest moment in this column is not older than the `sla` of the model's metadata, seen from
    as_of_time(). An empty model is as fresh as can be. Returns the newest moment, and the SLA. -#}
{% test fresh_within_sla(model, column_name, sla=none) %}

{%- set node = activation._node_of(model) -%}
{%- set limit = sla or (activation._metadata(node).get('sla') if node else none) -%}
{%- set hours = activation._hours(limit, model) if execute else 1 -%}

select
    max({{ activation._as_moment(column_name) }}) as newest_at,
    {{ activation._text(limit) }} as sla
from {{ model }}
having max({{ activation._as_moment(column_name) }}) < {{ activation.as_of_time(hours) }}

{% endtest %}

{#- The hours of a text such as 15 minutes. -#}
{% macro _hours(span, model) -%}
    {%- set parts = modules.re.match('^([0-9]+) (minute|hour|day)s?$', span or '') -%}
    {%- if not parts -%}
        {{ exceptions.raise_compiler_error(
            "fresh_within_sla: the sla of " ~ model ~ " is "
            ~ ("`" ~ span ~ "`" if span else "not given") ~ ". fix: write a number and minutes, hours"
            ~ " or days, such as 15 minutes, as `sla` of the model's metadata or of the test"
        ) }}
    {%- endif -%}
    {{ return(parts[1] | int * {'minute': 1 / 60, 'hour': 1, 'day': 24}[parts[2]]) }}
{%- endmacro %}
