{#- A select of the people in an arm of these holdouts, one row each: see the model
    activation__holdout_people. `holdouts` are those of _measured_holdouts(), each with the relation
    of its outcome model. -#}
{% macro _holdout_people(holdouts) -%}
    {%- set drawn = activation._state('holdouts') if holdouts else none -%}
    {%- if not drawn -%}
        {{ return(activation._typed_nothing(activation._measurement_columns('holdout_people'))) }}
    {%- endif -%}
    {%- for holdout in holdouts -%}
        {%- set node = activation._node_of(holdout.relation) -%}
        {%- set meta = activation._metadata(node) if node else {} -%}
        {%- set moment = meta.occurred_at or 'occurred_at' -%}
        {%- do holdout.update({
            'identity': meta.identity or 'identity',
            'moment': moment,
            'moment_type': (node.columns.get(moment) or {}).get('data_type') if node else none,
            'value': meta.value,
            'models': activation._models_under(holdout.name)
        }) -%}
    {%- endfor -%}
    with

    stored as (

        select
            holdout,
            identity,
            arm,
            {{ activation._as_double(adapter.quote('percent')) }} as drawn_percent,
            {{ activation._as_moment('triggered_at') }} as triggered_at,
            {{ activation._as_moment('released_at') }} as released_at,
            row_number() over (partition by holdout, identity order by arm, assigned_at) as copy
        from {{ drawn }}

    ),

    windows as (
        {% for holdout in holdouts %}
        select
            holdout,
            identity,
            {{ activation._person('identity') }} as person,
            arm,
            drawn_percent,
            triggered_at,
            released_at,
            {{ activation._after('triggered_at', holdout.window) }} as window_ends_at,
            {{ activation._after('triggered_at', holdout.window, -1) }} as window_before_begins_at,
            {{ activation._after(activation._after('triggered_at', holdout.window), holdout.settle) }}
                as counts_from,
            cast({{ holdout.people }} as {{ dbt.type_bigint() }}) as announced_people,
            {{ 'true' if holdout.value else 'false' }} as has_value,
            {{ 'true' if holdout.models else 'false' }} as is_delivery_known
        from stored
        where
            holdout = {{ activation._text(holdout.name) }}
            and copy = 1
            and arm in ('control', 'treated')
            and triggered_at <= {{ activation.as_of_time() }}
        {{- '\n        union all' if not loop.last }}
        {%- endfor %}

    ),

    outcomes as (
        {% for holdout in holdouts %}
        select
            {{ activation._text(holdout.name) }} as holdout,
            {{ activation._person(holdout.identity) }} as person,
            {{ activation._in_utc(holdout.moment, holdout.moment_type) }} as occurred_at,
            {{ activation._as_double(holdout.value or 'null') }} as value
        from {{ holdout.relation }}
        {{- '\n        union all' if not loop.last }}
        {%- endfor %}

    ),

    measured as (

        select
            windows.holdout,
            windows.identity,
            max(case when occurred_at >= triggered_at then 1 else 0 end) = 1 as has_outcome,
            max(case when occurred_at < triggered_at then 1 else 0 end) = 1 as had_outcome,
            sum(case when occurred_at >= triggered_at then coalesce(value, 0) else 0 end) as value,
            sum(case when occurred_at < triggered_at then coalesce(value, 0) else 0 end) as value_before
        from windows
        left join outcomes
            on
                windows.holdout = outcomes.holdout
                and windows.person = outcomes.person
                and outcomes.occurred_at >= windows.window_before_begins_at
                and outcomes.occurred_at < windows.window_ends_at
        group by windows.holdout, windows.identity

    ),

    releases as (

        select distinct
            holdout,
            drawn_percent,
            released_at
        from stored
        where released_at is not null

    ),

    phases as (

        select
            windows.holdout,
            windows.identity,
            count(releases.released_at) as phase
        from windows
        left join releases
            on
                windows.holdout = releases.holdout
                and windows.drawn_percent = releases.drawn_percent
                and windows.window_ends_at > releases.released_at
        group by windows.holdout, windows.identity

    ),

    deliveries_within as (

        select
            windows.holdout,
            windows.identity,
            deliveries.sync,
            deliveries.run_id,
            deliveries.delivered_at,
            row_number() over (
                partition by windows.holdout, windows.identity
                order by deliveries.delivered_at, deliveries.sync
            ) as place
        from windows
        inner join {{ activation._state('deliveries') }} as deliveries
            on
                windows.person = {{ activation._person('deliveries.identity') }}
                and deliveries.delivered_at >= windows.triggered_at
                and deliveries.delivered_at < windows.window_ends_at
        inner join {{ activation._state('syncs') }} as syncs on deliveries.sync = syncs.sync
        where
            deliveries.outcome = 'delivered'
            and deliveries.op <> 'remove'
            and (
                {%- for holdout in holdouts if holdout.models %}
                (
                    windows.holdout = {{ activation._text(holdout.name) }}
                    and syncs.model in ({{ activation._texts(holdout.models) }})
                )
                or
                {%- endfor %}
                1 = 0
            )

    ),

    reached as (

        select * from deliveries_within
        where place = 1

    )

    select
        windows.holdout,
        windows.identity,
        windows.arm,
        windows.drawn_percent,
        phases.phase,
        windows.announced_people,
        row_number() over (
            partition by windows.holdout
            order by windows.triggered_at, windows.identity
        ) as person_number,
        windows.triggered_at,
        windows.window_ends_at,
        windows.counts_from <= {{ activation.as_of_time() }} as is_closed,
        coalesce(windows.released_at >= windows.window_ends_at, true) as is_kept,
        case when is_delivery_known then reached.identity is not null end as is_reached,
        reached.sync as reached_by,
        reached.run_id as reached_in,
        {{ activation._as_moment('reached.delivered_at') }} as reached_at,
        measured.has_outcome,
        measured.had_outcome,
        case when windows.has_value then measured.value end as value,
        case when windows.has_value then measured.value_before end as value_before
    from windows
    inner join measured
        on windows.holdout = measured.holdout and windows.identity = measured.identity
    inner join phases
        on windows.holdout = phases.holdout and windows.identity = phases.identity
    left join reached
        on windows.holdout = reached.holdout and windows.identity = reached.identity
{%- endmacro %}

{#- The models under a holdout whose rows are people, as the state names them: of an event, the
    state's log knows the event and not the person. -#}
{% macro _models_under(name) -%}
    {%- set found = [] -%}
    {%- for node in activation._activated(['traits', 'segment', 'objects']) -%}
        {%- set meta = activation._metadata(node) -%}
        {%- set named = [meta.holdout] if meta.holdout is string else meta.holdout or [] -%}
        {%- if name in named and not meta.relates_to -%}
            {%- do found.append(activation._model_name(node)) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}
