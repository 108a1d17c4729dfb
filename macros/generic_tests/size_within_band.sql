{#- A model has about as many rows as on the same weekdays of the eight weeks before, by what the
    sync recorded in its table `run_syncs`, before anything is sent: see volume_verdicts(). Warns
    on a note and fails on an alarm; passes while it learns, and before the first run.

    `history` is another relation with the columns model, sync, status, definition, started_at and
    model_rows. The first run of a model counts for nothing, nor does one whose definition changed,
    nor do days in the var `activation_ignored_days`, a list of {sync, from, to}. Returns the size
    that was found and the one that was expected. -#}
{% test size_within_band(model, history=none) %}

{{- config(
    fail_calc='coalesce(sum(gravity), 0)', warn_if='>= 1', error_if='>= 2'
) -}}
{%- set runs = history or activation._state('run_syncs') -%}
{%- set node = activation._node_of(model) -%}
{%- if not runs or not node -%}
{{ activation._no_size() }}
{%- else -%}
with

runs as (

    select
        sync,
        status,
        started_at,
        model_rows,
        definition,
        lag(definition) over (
            partition by sync
            order by started_at
        ) as definition_before
    from {{ runs }}
    where
        model = {{ activation._text(activation._model_name(node)) }}
        and model_rows is not null

),

settled as (

    select
        cast(started_at as date) as day,
        model_rows,
        row_number() over (
            partition by cast(started_at as date)
            order by started_at desc
        ) as recency
    from runs
    where
        status in ('success', 'rejects')
        and definition = definition_before
        and cast(started_at as date) < {{ activation.as_of() }}
        and not {{ activation._is_ignored('sync', 'cast(started_at as date)') }}

),

daily as (

    select
        {{ activation._as_text("'size'") }} as series,
        day,
        model_rows as amount
    from settled
    where recency = 1

),

today as (

    select
        {{ activation._as_text("'size'") }} as series,
        {{ activation.as_of() }} as day,
        count(*) as amount
    from {{ model }}

),

verdicts as (

    {{ activation.volume_verdicts('daily', 'today') }}

)

select
    amount as found,
    expected,
    score,
    history_days,
    verdict,
    case verdict when 'alarm' then 2 else 1 end as gravity
from verdicts
where verdict in ('alarm', 'note')
{%- endif %}

{% endtest %}

{#- Nothing to compare with: no row, in the columns of the test. -#}
{% macro _no_size() -%}
select
    {{ activation._as_double('null') }} as found,
    {{ activation._as_double('null') }} as expected,
    {{ activation._as_double('null') }} as score,
    {{ activation._as_double('null') }} as history_days,
    {{ activation._as_text('null') }} as verdict,
    0 as gravity
from (select 1 as nothing) as nowhere
where 1 = 0
{%- endmacro %}
